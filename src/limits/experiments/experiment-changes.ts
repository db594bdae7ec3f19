import { AppError } from '../../common/index.js';
import type { Database } from '../../database/index.js';
import type { AuditAction, AuditDraft } from '../limits-store.js';
import type { ChangeContext } from '../override-changes.js';
import { storedArms } from './experiment.js';
import type { ExperimentRow } from './experiment-view.js';

/**
 * Draft → running. Two running experiments never set the same limit: nobody could tell their effects apart.
 * @throws AppError `invalid_state` when it is no draft or shares a limit with a running one, `limit_exceeded`
 */
export async function startExperiment(database: Database, id: string, context: ChangeContext, maxRunning: number): Promise<AuditDraft> {
  const experiment = await requireStatus(database, id, 'draft');
  const running = await database.experiment.findMany({ where: { status: 'running' } });
  if (running.length >= maxRunning) throw new AppError('limit_exceeded', `${running.length} experiments are running already (experiment.maxRunning). Stop one first.`);
  const keys = limitKeysOf(experiment);
  for (const other of running) {
    const shared = [...limitKeysOf(other)].filter((key) => keys.has(key));
    if (shared.length > 0) throw new AppError('invalid_state', `Experiment ${other.name} is running and sets ${shared.join(', ')} too. Stop it first.`);
  }
  await database.experiment.update({ where: { id }, data: { status: 'running', startedAt: context.now } });
  return audit('experiment.started', experiment, context, { newValue: experiment.trafficBasisPoints });
}

/** Running → stopped, for good. @throws AppError `invalid_state` when it is not running */
export async function stopExperiment(database: Database, id: string, context: ChangeContext): Promise<AuditDraft> {
  const experiment = await requireStatus(database, id, 'running');
  await database.experiment.update({ where: { id }, data: { status: 'stopped', stoppedAt: context.now, stopReason: context.reason } });
  return audit('experiment.stopped', experiment, context, { oldValue: experiment.trafficBasisPoints });
}

/** More users take part; less would throw out users who have seen their arm. @throws AppError `invalid_state` */
export async function raiseTraffic(database: Database, id: string, trafficBasisPoints: number, context: ChangeContext): Promise<AuditDraft> {
  const experiment = await requireStatus(database, id, 'running');
  if (trafficBasisPoints < experiment.trafficBasisPoints) {
    throw new AppError('invalid_state', `The traffic of a running experiment only goes up, and it is at ${experiment.trafficBasisPoints} basis points.`);
  }
  await database.experiment.update({ where: { id }, data: { trafficBasisPoints } });
  return audit('experiment.traffic_raised', experiment, context, { oldValue: experiment.trafficBasisPoints, newValue: trafficBasisPoints });
}

/** History keeps the traffic, in basis points, as the value of an experiment. */
function audit(action: AuditAction, { id }: ExperimentRow, { actor, reason }: ChangeContext, values: Pick<AuditDraft, 'oldValue' | 'newValue'>): AuditDraft {
  return { action, scopeKind: 'experiment', scopeId: id, ...values, reason, actor };
}

async function requireStatus(database: Database, id: string, status: string): Promise<ExperimentRow> {
  const experiment = await database.experiment.findUnique({ where: { id } });
  if (!experiment) throw new AppError('experiment_not_found', 'There is no such experiment.');
  if (experiment.status !== status) throw new AppError('invalid_state', `Experiment ${experiment.name} is ${experiment.status}; this needs it ${status}.`);
  return experiment;
}

function limitKeysOf({ arms }: Pick<ExperimentRow, 'arms'>): Set<string> {
  return new Set(storedArms(arms).flatMap((arm) => Object.keys(arm.values)));
}
