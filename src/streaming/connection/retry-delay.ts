/** The soonest, as a share of the latest. */
const SOONEST = 0.2;

/**
 * When a client whose connection is ended should come back, in ms. Scattered, so that those of one instance do not come back at once.
 * @param maxMs the latest
 */
export function retryDelayMs(maxMs: number): number {
  return Math.round(maxMs * (SOONEST + Math.random() * (1 - SOONEST)));
}
