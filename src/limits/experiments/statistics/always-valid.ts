import { type Sample, standardError } from './welch.js';

/** The number of users at which the bound is tightest; it holds at any. */
const TIGHTEST_AT_USERS = 500;

/**
 * How far below its estimate a difference may still truly lie. Other than Welch's interval this holds at every
 * look at once, so a scheduled job may look as often as it likes: over the whole life of an experiment the
 * chance that the true difference is ever below `difference − margin` is at most `chance`.
 * (One-sided asymptotic confidence sequence: Waudby-Smith, Arbour, Sinha, Kennedy, Ramdas 2021.)
 */
export function alwaysValidMargin(a: Sample, b: Sample, chance: number): number {
  const users = a.count + b.count;
  const logChance = -2 * Math.log(2 * chance);
  const rhoSquared = (logChance + Math.log(logChance + 1)) / TIGHTEST_AT_USERS;
  const spread = users * rhoSquared + 1;
  const factor = Math.sqrt(((2 * spread) / (users ** 2 * rhoSquared)) * Math.log(1 + Math.sqrt(spread) / (2 * chance)));
  return standardError(a, b) * Math.sqrt(users) * factor;
}
