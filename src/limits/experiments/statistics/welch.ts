import { studentCriticalValue, studentTails } from './distributions.js';

/** What is known of the values of one group; `variance` is the unbiased one. */
export interface Sample {
  readonly count: number;
  readonly mean: number;
  readonly variance: number;
}

/** How far the treatment's mean lies from the control's. */
export interface Difference {
  readonly difference: number;
  readonly lower: number;
  readonly upper: number;
  /** Two-sided. */
  readonly pValue: number;
}

/**
 * Welch's interval for the difference of two means whose variances need not be equal. It holds for one
 * look at a size fixed beforehand, not for whichever look is the most pleasing.
 * @param confidence e.g. 0.95
 * @returns undefined with fewer than two values in a group
 */
export function welchDifference(treatment: Sample, control: Sample, confidence: number): Difference | undefined {
  if (treatment.count < 2 || control.count < 2) return undefined;
  const difference = treatment.mean - control.mean;
  const error = standardError(treatment, control);
  if (error === 0) return { difference, lower: difference, upper: difference, pValue: difference === 0 ? 1 : 0 };
  const degrees = degreesOfFreedom(treatment, control);
  const margin = studentCriticalValue(1 - confidence, degrees) * error;
  return { difference, lower: difference - margin, upper: difference + margin, pValue: studentTails(Math.abs(difference) / error, degrees) };
}

/** Standard error of the difference of two means. */
export function standardError(a: Sample, b: Sample): number {
  return Math.sqrt(a.variance / a.count + b.variance / b.count);
}

/** The Welch–Satterthwaite approximation. */
function degreesOfFreedom(a: Sample, b: Sample): number {
  const [first, second] = [a.variance / a.count, b.variance / b.count];
  return (first + second) ** 2 / (first ** 2 / (a.count - 1) + second ** 2 / (b.count - 1));
}
