import type { RunBilling, RunError, RunEventBody, RunUsage } from '../../streaming/index.js';

/** How a run ended. */
export type RunOutcome =
  | { readonly status: 'completed'; readonly finishReason: FinishedBecause }
  | { readonly status: 'failed'; readonly error: RunError }
  | { readonly status: 'cancelled'; readonly reason: string };

/**
 * - `stop`: the model was done
 * - `iterations`: it was told to finish because the iterations were used up
 * - `length`: the output tokens of the run were used up
 * - `credits`: the credits were used up
 * - `no_progress`: a detector saw that going on would lead nowhere; the answer sums up
 * - `session_limit`: the calls of the conversation session were used up
 */
export type FinishedBecause = 'stop' | 'iterations' | 'length' | 'credits' | 'no_progress' | 'session_limit';

/** The one event that ends a run (I1). */
export function terminalEvent(outcome: RunOutcome, message: { id: string; text: string }, usage: RunUsage, billing: RunBilling): RunEventBody {
  switch (outcome.status) {
    case 'completed':
      return { type: 'run.completed', data: { finishReason: outcome.finishReason, message, usage, billing } };
    case 'failed':
      return { type: 'run.failed', data: { error: outcome.error, usage, billing } };
    case 'cancelled':
      return { type: 'run.cancelled', data: { reason: outcome.reason, message, usage, billing } };
  }
}
