import { normalCriticalValue } from './distributions.js';
import type { Sample } from './welch.js';

export interface Detection {
  /** The change that is to be found, as a share of the control's mean: 0.1 is 10 %. */
  readonly relativeEffect: number;
  /** Chance to find it if it is there. */
  readonly power: number;
  /** Chance of an alarm if nothing is there, two-sided. */
  readonly significance: number;
}

/** Users that each arm needs for the wanted detection; null when the control's mean or spread is not known yet. */
export function usersPerArm(control: Pick<Sample, 'mean' | 'variance'>, { relativeEffect, power, significance }: Detection): number | null {
  const effect = Math.abs(control.mean * relativeEffect);
  if (effect === 0 || control.variance === 0) return null;
  const deviations = normalCriticalValue(significance) + normalCriticalValue(2 * (1 - power));
  return Math.ceil((2 * control.variance * deviations ** 2) / effect ** 2);
}
