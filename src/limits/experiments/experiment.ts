import { z } from 'zod';
import { INTENTS } from '../../common/index.js';
import { limitValuesSchema } from '../limit-values-schema.js';
import { BASIS_POINTS, type RunningExperiment } from './assignment.js';
import { EXPERIMENT_METRICS } from './metrics.js';

export type ExperimentStatus = 'draft' | 'running' | 'stopped';

const name = z.string().trim().min(1).max(100);
const weight = z.int('must be a whole number').min(1).max(BASIS_POINTS);
const armSchema = z.strictObject({ name: z.string().regex(/^[\w-]{1,50}$/, 'must be 1 to 50 letters, digits, _ or -'), weight, values: limitValuesSchema().default({}) });

export const armsSchema = z
  .array(armSchema)
  .min(2, 'must have at least two arms; the first is the control')
  .refine((arms) => new Set(arms.map((arm) => arm.name)).size === arms.length, 'must have a different name for each arm');

export const targetingSchema = z.strictObject({
  plans: z.array(z.string().min(1).max(200)).min(1).max(100).optional(),
  intents: z.array(z.enum(INTENTS)).min(1).max(INTENTS.length).optional(),
});

/** Stops the experiment once an arm is surely worse than the control by more than `tolerance` (0.1 = 10 % of the control's mean). */
export const guardrailSchema = z.strictObject({ metric: z.enum(EXPERIMENT_METRICS), tolerance: z.number().min(0).max(10).default(0) });

export type Guardrail = z.output<typeof guardrailSchema>;

const guardrailsSchema = z
  .array(guardrailSchema)
  .refine((guardrails) => new Set(guardrails.map(({ metric }) => metric)).size === guardrails.length, 'must name each metric once');

const trafficBasisPoints = z.int('must be a whole number').min(0).max(BASIS_POINTS);

export const createExperimentSchema = z.strictObject({
  name,
  hypothesis: z.string().max(2_000).default(''),
  arms: armsSchema,
  /** Share of the targeted users that take part, of 10 000; all of them by default. */
  trafficBasisPoints: trafficBasisPoints.default(BASIS_POINTS),
  targeting: targetingSchema.default({}),
  /** More failures than the control stop an experiment unless it says otherwise. */
  guardrails: guardrailsSchema.default([{ metric: 'failureRate', tolerance: 0 }]),
});

export type CreateExperiment = z.output<typeof createExperimentSchema>;

export const updateExperimentSchema = z.strictObject({
  name: name.optional(),
  hypothesis: z.string().max(2_000).optional(),
  arms: armsSchema.optional(),
  trafficBasisPoints: trafficBasisPoints.optional(),
  targeting: targetingSchema.optional(),
  guardrails: guardrailsSchema.optional(),
  status: z.enum(['running', 'stopped']).optional(),
  /** Goes into the history of the limits, and onto a stopped experiment. */
  reason: z.string().trim().min(1).max(500).optional(),
});

export type UpdateExperiment = z.output<typeof updateExperimentSchema>;

/** The JSON columns as this module wrote them. */
interface ExperimentColumns {
  readonly id: string;
  readonly trafficSalt: string;
  readonly armSalt: string;
  readonly trafficBasisPoints: number;
  readonly arms: unknown;
  readonly targeting: unknown;
}

export function toRunningExperiment({ id, trafficSalt, armSalt, trafficBasisPoints, ...columns }: ExperimentColumns): RunningExperiment {
  return {
    id,
    trafficSalt,
    armSalt,
    trafficBasisPoints,
    arms: storedArms(columns.arms).map((arm) => ({ ...arm, values: new Map(Object.entries(arm.values)) })),
    targeting: columns.targeting as RunningExperiment['targeting'],
  };
}

export interface StoredArm {
  readonly name: string;
  readonly weight: number;
  readonly values: Readonly<Record<string, unknown>>;
}

export function storedArms(column: unknown): readonly StoredArm[] {
  return column as StoredArm[];
}
