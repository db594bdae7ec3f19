import { Inject, Injectable, Logger } from '@nestjs/common';
import { CLOCK, type Clock, newId } from '../../common/index.js';
import { type Database, type Prisma, PrismaService } from '../../database/index.js';
import type { DetectedFailure } from '../detected-failure.js';
import type { RecoveryDecision } from '../recovery/recovery-decision.js';

/** `open` until it is known how it went; `cancelled` when the run was stopped before that. */
export const INCIDENT_OUTCOMES = ['open', 'recovered', 'failed', 'cancelled'] as const;
export type IncidentOutcome = (typeof INCIDENT_OUTCOMES)[number];
export type FinalOutcome = Exclude<IncidentOutcome, 'open'>;

export interface NewIncident {
  readonly runId: string;
  readonly userId: string;
  readonly iteration: number;
  readonly attempt: number;
  readonly failure: DetectedFailure;
  readonly decision: RecoveryDecision;
}

/**
 * Keeps what went wrong in runs and how it went on. An incident is a note about a run, so that failing to write one is
 * logged and never ends the run; most of all when the database itself is what failed.
 */
@Injectable()
export class IncidentLog {
  private readonly logger = new Logger(IncidentLog.name);

  constructor(
    private readonly prisma: PrismaService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** @returns the id to resolve it by */
  async record({ runId, userId, iteration, attempt, failure, decision }: NewIncident): Promise<string> {
    const id = newId();
    const { pattern, category, severity, message, signal } = failure;
    const action = JSON.parse(JSON.stringify({ ...decision, signal })) as Prisma.InputJsonObject;
    const data = { id, runId, userId, iteration, attempt, pattern, category, severity, strategy: decision.strategy, action, detail: message, outcome: 'open', createdAt: this.now() };
    await this.attempt('record', runId, () => this.prisma.failureIncident.create({ data, select: { id: true } }));
    return id;
  }

  /** Says how incidents went; those that have an outcome keep it. */
  async resolve(ids: readonly string[], outcome: FinalOutcome): Promise<void> {
    if (ids.length === 0) return;
    await this.attempt('resolve', ids[0], () => this.close({ id: { in: [...ids] } }, outcome));
  }

  /** Says how all open incidents of a run went, when it ends. */
  async resolveRun(runId: string, outcome: FinalOutcome): Promise<void> {
    await this.attempt('resolve', runId, () => this.close({ runId }, outcome));
  }

  /** Deletes what was noted about runs that are deleted. */
  async forgetRuns(database: Database, runIds: readonly string[]): Promise<void> {
    await database.$executeRaw`DELETE FROM failure_incidents WHERE run_id = ANY(${[...runIds]}::uuid[])`;
  }

  private close(where: Prisma.FailureIncidentWhereInput, outcome: FinalOutcome): Promise<unknown> {
    return this.prisma.failureIncident.updateMany({ where: { ...where, outcome: 'open' }, data: { outcome, resolvedAt: this.now() } });
  }

  private async attempt(what: string, subject: string | undefined, write: () => Promise<unknown>): Promise<void> {
    try {
      await write();
    } catch (error) {
      this.logger.error({ message: `could not ${what} an incident`, subject, error });
    }
  }

  private now(): Date {
    return new Date(this.clock.now());
  }
}
