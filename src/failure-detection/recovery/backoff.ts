import { LIMITS } from '../../limits/index.js';
import type { Random } from './random.js';
import type { RecoveryLimits } from './recovery-decision.js';
import type { Backoff } from './recovery-step.js';

/** A provider's own delay is waited in full and up to this share longer, so that not all clients come back at once. */
const SERVER_DELAY_JITTER = 0.2;

interface BackoffOptions {
  /** 0 for the first attempt of the step. */
  readonly attempt: number;
  /** How long the provider asks to wait, when it does. */
  readonly serverDelayMs?: number;
  readonly limits: RecoveryLimits;
  readonly random: Random;
}

/**
 * How long to wait before an attempt.
 * @returns whole milliseconds, or undefined when the provider asks for longer than a run waits
 */
export function delayOf(backoff: Backoff | undefined, { attempt, serverDelayMs, limits, random }: BackoffOptions): number | undefined {
  if (!backoff) return 0;
  const { firstShare = 1, factor = 2, jitter = 0, heedsServer = false } = backoff;
  const {
    firstDelayMs = LIMITS['retry.firstDelayMs'].default,
    maxDelayMs = LIMITS['retry.maxDelayMs'].default,
    maxServerDelayMs = LIMITS['retry.maxServerDelayMs'].default,
  } = limits;
  if (heedsServer && serverDelayMs !== undefined) {
    return serverDelayMs <= maxServerDelayMs ? Math.ceil(serverDelayMs * (1 + SERVER_DELAY_JITTER * random())) : undefined;
  }
  const steadyMs = Math.min(maxDelayMs, firstShare * firstDelayMs * factor ** attempt);
  return Math.round(steadyMs * (1 + jitter * (2 * random() - 1)));
}
