import { betaRatio, upperGammaRatio } from './special-functions.js';

/** Beyond this many degrees of freedom, Student's t is the normal distribution to eight digits. */
const PRACTICALLY_NORMAL = 1e7;

/** Chance that a chi-square variable exceeds x. */
export function chiSquareTail(x: number, degreesOfFreedom: number): number {
  return upperGammaRatio(degreesOfFreedom / 2, x / 2);
}

/** Chance that |Z| of a standard normal variable exceeds z ≥ 0. */
export function normalTails(z: number): number {
  return chiSquareTail(z * z, 1);
}

/** Chance that |T| of Student's distribution exceeds t ≥ 0. */
export function studentTails(t: number, degreesOfFreedom: number): number {
  if (degreesOfFreedom > PRACTICALLY_NORMAL) return normalTails(t);
  return betaRatio(degreesOfFreedom / (degreesOfFreedom + t * t), degreesOfFreedom / 2, 0.5);
}

/** The z that |Z| exceeds with the given chance, e.g. 1.96 for 0.05. */
export function normalCriticalValue(chance: number): number {
  return invert(normalTails, chance);
}

/** The t that |T| exceeds with the given chance. */
export function studentCriticalValue(chance: number, degreesOfFreedom: number): number {
  return invert((t) => studentTails(t, degreesOfFreedom), chance);
}

/** Where a function that falls from 1 to 0 crosses a level, by bisection. */
function invert(tails: (x: number) => number, level: number): number {
  let low = 0;
  let high = 1;
  while (tails(high) > level) high *= 2;
  while (high - low > 1e-10 * high) {
    const middle = (low + high) / 2;
    if (tails(middle) > level) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
