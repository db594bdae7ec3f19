import { chiSquareTail } from './distributions.js';

/** Below this chance, the split is held to be broken rather than unlucky. */
export const SAMPLE_RATIO_ALARM = 0.001;

export interface SampleRatio {
  readonly pValue: number;
  /** When true, the arms hold other users than they should, and no figure of the experiment can be trusted. */
  readonly alarm: boolean;
}

/**
 * Whether the users seen in each arm are as many as its weight lets expect (chi-square).
 * @param weights relative to each other, one per arm
 */
export function checkSampleRatio(observed: readonly number[], weights: readonly number[]): SampleRatio {
  const total = sum(observed);
  if (total === 0) return { pValue: 1, alarm: false };
  const totalWeight = sum(weights);
  const chiSquare = observed.reduce((statistic, count, arm) => {
    const expected = (total * (weights[arm] ?? 0)) / totalWeight;
    return statistic + (count - expected) ** 2 / expected;
  }, 0);
  const pValue = chiSquareTail(chiSquare, observed.length - 1);
  return { pValue, alarm: pValue < SAMPLE_RATIO_ALARM };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
