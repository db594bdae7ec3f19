import { createHash } from 'node:crypto';
import type { LimitSubject } from '../limits-snapshot.js';

export const BASIS_POINTS = 10_000;

/** An arm with its share of the experiment's users and the limits it sets. The first arm of an experiment is its control. */
export interface ExperimentArm {
  readonly name: string;
  /** Relative to the weights of the other arms. */
  readonly weight: number;
  readonly values: ReadonlyMap<string, unknown>;
}

/** Whom an experiment is about; an absent list means no restriction. */
export interface ExperimentTargeting {
  readonly plans?: readonly string[];
  readonly intents?: readonly string[];
}

export interface RunningExperiment {
  readonly id: string;
  readonly trafficSalt: string;
  readonly armSalt: string;
  /** Share of the targeted users that take part, of 10 000. */
  readonly trafficBasisPoints: number;
  readonly arms: readonly ExperimentArm[];
  readonly targeting: ExperimentTargeting;
}

/** An arm that a subject is in. */
export interface ActiveArm {
  readonly experimentId: string;
  readonly arm: ExperimentArm;
}

/** The arms a subject is in, at most one per experiment. Without a user there is none. */
export function activeArms(experiments: readonly RunningExperiment[], subject: Partial<LimitSubject>): ActiveArm[] {
  const active: ActiveArm[] = [];
  for (const experiment of experiments) {
    const arm = assignArm(experiment, subject);
    if (arm) active.push({ experimentId: experiment.id, arm });
  }
  return active;
}

/**
 * Traffic and arm are drawn with a salt each: were it one, raising the traffic would hand the newcomers
 * to whichever arm owns the next buckets. So more traffic only ever adds users and moves none.
 */
export function assignArm(experiment: RunningExperiment, subject: Partial<LimitSubject>): ExperimentArm | undefined {
  const { userId } = subject;
  if (userId === undefined || !isTargeted(experiment.targeting, subject)) return undefined;
  if (bucketOf(experiment.trafficSalt, userId) >= experiment.trafficBasisPoints) return undefined;
  return armOfBucket(experiment.arms, bucketOf(experiment.armSalt, userId));
}

/** SHA-256 of `salt:userId`, all 256 bits of it, modulo 10 000. */
export function bucketOf(salt: string, userId: string): number {
  const digest = createHash('sha256').update(`${salt}:${userId}`).digest();
  let remainder = 0;
  for (let offset = 0; offset < digest.length; offset += 4) {
    remainder = (remainder * 2 ** 32 + digest.readUInt32BE(offset)) % BASIS_POINTS;
  }
  return remainder;
}

function armOfBucket(arms: readonly ExperimentArm[], bucket: number): ExperimentArm | undefined {
  const totalWeight = arms.reduce((sum, { weight }) => sum + weight, 0);
  let weightSoFar = 0;
  return arms.find(({ weight }) => {
    weightSoFar += weight;
    return bucket * totalWeight < weightSoFar * BASIS_POINTS;
  });
}

function isTargeted({ plans, intents }: ExperimentTargeting, { plan, intent }: Partial<LimitSubject>): boolean {
  return (plans === undefined || (plan !== undefined && plans.includes(plan))) && (intents === undefined || (intent !== undefined && intents.includes(intent)));
}
