import { randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { AppError, CLOCK, type Clock, isId, newId } from '../../common/index.js';
import { type Database, Prisma, PrismaService } from '../../database/index.js';
import { behind, decodeCursor, Idempotency, type IdempotencyClaim, type Page, type PageQuery, toPage } from '../../http/index.js';
import { LimitsAdminService } from '../limits-admin.service.js';
import { LimitsService } from '../limits.service.js';
import type { CreateExperiment, StoredArm, UpdateExperiment } from './experiment.js';
import { raiseTraffic, startExperiment, stopExperiment } from './experiment-changes.js';
import { type ExperimentRow, type ExperimentView, presentExperiment } from './experiment-view.js';

type DraftEdits = Omit<UpdateExperiment, 'status' | 'reason'>;

/** Life of experiments: draft → running → stopped, and never back. */
@Injectable()
export class ExperimentsService {
  constructor(
    private readonly prisma: PrismaService,
    private readonly admin: LimitsAdminService,
    private readonly limits: LimitsService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async list({ cursor, limit }: PageQuery): Promise<Page<ExperimentView>> {
    const rows = await this.prisma.experiment.findMany({
      where: behind('createdAt', decodeCursor(cursor), 'desc'),
      orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
      take: limit + 1,
    });
    return toPage(rows, limit, ({ createdAt, id }) => ({ at: createdAt, id }), presentExperiment);
  }

  /** @throws AppError `experiment_not_found` */
  async get(id: string): Promise<ExperimentView> {
    return presentExperiment(await this.require(id));
  }

  /** Makes a draft. @throws AppError `already_exists` when the name is taken, `limit_exceeded` for too many arms */
  async create(order: CreateExperiment, claim: IdempotencyClaim | undefined, actor: string): Promise<ExperimentView> {
    this.checkArms(order.arms);
    const now = new Date(this.clock.now());
    const earlier = await Idempotency.replay(this.prisma, claim, now);
    if (earlier) return earlier as ExperimentView;
    const salts = { trafficSalt: randomBytes(8).toString('hex'), armSalt: randomBytes(8).toString('hex') };
    try {
      return await this.prisma.$transaction(async (database) => {
        const row = await database.experiment.create({ data: { ...order, id: newId(), status: 'draft', ...salts, createdBy: actor, createdAt: now } });
        const view = presentExperiment(row);
        await Idempotency.store(database, claim, row.id, view, now);
        return view;
      });
    } catch (error) {
      const winner = Idempotency.lostRace(error, claim) ? await Idempotency.replay(this.prisma, claim, now) : undefined;
      if (winner) return winner as ExperimentView;
      throw nameTaken(error, order.name);
    }
  }

  /**
   * Edits a draft, starts it, raises the traffic of a running one, or stops it.
   * @throws AppError `experiment_not_found`, `invalid_state` saying what is not possible, `already_exists`, `limit_exceeded`
   */
  async update(id: string, { status, reason, ...edits }: UpdateExperiment, actor: string): Promise<ExperimentView> {
    const { name, status: present } = await this.require(id);
    if (present === 'draft') await this.updateDraft(id, edits, status, reason ?? `start of ${name}`, actor);
    else if (present === 'running') await this.updateRunning(id, edits, status, reason, actor);
    else throw new AppError('invalid_state', `Experiment ${name} is stopped, and stays as it is. Begin a new one.`);
    return this.get(id);
  }

  private async updateDraft(id: string, edits: DraftEdits, status: UpdateExperiment['status'], reason: string, actor: string): Promise<void> {
    if (status === 'stopped') throw new AppError('invalid_state', 'A draft is not running, so it cannot be stopped.');
    if (edits.arms) this.checkArms(edits.arms);
    const edit = (database: Database): Promise<void> => editDraft(database, id, edits);
    if (status === undefined) return edit(this.prisma);
    await this.admin.change(undefined, reason, actor, async (database, context) => {
      await edit(database);
      return startExperiment(database, id, context, this.limits.value('experiment.maxRunning'));
    });
  }

  private async updateRunning(id: string, edits: DraftEdits, status: UpdateExperiment['status'], reason: string | undefined, actor: string): Promise<void> {
    const { trafficBasisPoints, ...others } = edits;
    const frozen = Object.entries(others).flatMap(([field, value]) => (value === undefined ? [] : [field]));
    if (frozen.length > 0) throw new AppError('invalid_state', `The experiment is running: ${frozen.join(', ')} can only be changed in a draft.`);
    if (status === 'running') throw new AppError('invalid_state', 'The experiment is running already.');
    if (trafficBasisPoints !== undefined) {
      await this.admin.change(undefined, reason ?? 'more traffic', actor, (database, context) => raiseTraffic(database, id, trafficBasisPoints, context));
    }
    if (status === 'stopped') await this.stop(id, reason ?? `stopped by ${actor}`, actor);
  }

  /** @throws AppError `invalid_state` when it is not running (any more) */
  async stop(id: string, reason: string, actor: string): Promise<void> {
    await this.admin.change(undefined, reason, actor, (database, context) => stopExperiment(database, id, context));
  }

  private async require(id: string): Promise<ExperimentRow> {
    const row = isId(id) ? await this.prisma.experiment.findUnique({ where: { id } }) : null;
    if (!row) throw new AppError('experiment_not_found', 'There is no such experiment. See GET /api/experiments.');
    return row;
  }

  private checkArms(arms: readonly StoredArm[]): void {
    const maxArms = this.limits.value('experiment.maxArms');
    if (arms.length > maxArms) throw new AppError('limit_exceeded', `An experiment has at most ${maxArms} arms (experiment.maxArms).`);
  }
}

async function editDraft(database: Database, id: string, edits: DraftEdits): Promise<void> {
  if (Object.values(edits).every((value) => value === undefined)) return; // an update of nothing would count no rows
  const edited = await database.experiment.updateMany({ where: { id, status: 'draft' }, data: edits }).catch((error: unknown) => {
    throw nameTaken(error, edits.name ?? '');
  });
  if (edited.count === 0) throw new AppError('invalid_state', 'The experiment is no draft any more.');
}

/** A unique violation, as what it means to the client. */
function nameTaken(error: unknown, name: string): unknown {
  const isTaken = error instanceof Prisma.PrismaClientKnownRequestError && error.code === 'P2002';
  return isTaken ? new AppError('already_exists', `There is an experiment named ${name} already. Choose another name.`) : error;
}
