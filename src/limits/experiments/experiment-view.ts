import type { Prisma } from '../../database/index.js';
import { type ExperimentStatus, type Guardrail, type StoredArm, storedArms } from './experiment.js';
import type { ExperimentTargeting } from './assignment.js';

export type ExperimentRow = Prisma.ExperimentGetPayload<object>;

/** An experiment as clients see it. The first arm is the control. */
export interface ExperimentView {
  readonly id: string;
  readonly name: string;
  readonly hypothesis: string;
  readonly status: ExperimentStatus;
  readonly trafficBasisPoints: number;
  readonly arms: readonly StoredArm[];
  readonly targeting: ExperimentTargeting;
  readonly guardrails: readonly Guardrail[];
  /** Why it was stopped, by a person or by a guardrail. */
  readonly stopReason: string | null;
  readonly createdBy: string;
  readonly createdAt: string;
  readonly startedAt: string | null;
  readonly stoppedAt: string | null;
}

export function presentExperiment(row: ExperimentRow): ExperimentView {
  return {
    id: row.id,
    name: row.name,
    hypothesis: row.hypothesis,
    status: row.status as ExperimentStatus,
    trafficBasisPoints: row.trafficBasisPoints,
    arms: storedArms(row.arms),
    targeting: row.targeting as ExperimentTargeting,
    guardrails: storedGuardrails(row),
    stopReason: row.stopReason,
    createdBy: row.createdBy,
    createdAt: row.createdAt.toISOString(),
    startedAt: row.startedAt?.toISOString() ?? null,
    stoppedAt: row.stoppedAt?.toISOString() ?? null,
  };
}

export function storedGuardrails({ guardrails }: Pick<ExperimentRow, 'guardrails'>): readonly Guardrail[] {
  return guardrails as unknown as Guardrail[];
}
