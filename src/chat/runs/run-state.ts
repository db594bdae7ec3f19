/** Where a run is. The last three are final. */
export const RUN_STATUSES = ['queued', 'running', 'waiting', 'completed', 'failed', 'cancelled'] as const;
export type RunStatus = (typeof RUN_STATUSES)[number];

/**
 * What can happen to a run.
 * - `claim`: an instance takes it up, from the queue or from an instance that is gone
 * - `suspend`, `resume`: it begins or ends to wait for a person
 * - `release`: its instance gives it back to the queue
 */
export const RUN_TRANSITIONS = ['claim', 'suspend', 'resume', 'release', 'complete', 'fail', 'cancel'] as const;
export type RunTransition = (typeof RUN_TRANSITIONS)[number];

const REFUSED = null;

/** The whole state machine: every state answers every event (I1: nothing leaves a final state). */
export const NEXT_STATUS: Readonly<Record<RunStatus, Readonly<Record<RunTransition, RunStatus | typeof REFUSED>>>> = {
  queued: { claim: 'running', suspend: REFUSED, resume: REFUSED, release: REFUSED, complete: REFUSED, fail: 'failed', cancel: 'cancelled' },
  running: { claim: 'running', suspend: 'waiting', resume: REFUSED, release: 'queued', complete: 'completed', fail: 'failed', cancel: 'cancelled' },
  waiting: { claim: REFUSED, suspend: REFUSED, resume: 'queued', release: REFUSED, complete: REFUSED, fail: 'failed', cancel: 'cancelled' },
  completed: { claim: REFUSED, suspend: REFUSED, resume: REFUSED, release: REFUSED, complete: REFUSED, fail: REFUSED, cancel: REFUSED },
  failed: { claim: REFUSED, suspend: REFUSED, resume: REFUSED, release: REFUSED, complete: REFUSED, fail: REFUSED, cancel: REFUSED },
  cancelled: { claim: REFUSED, suspend: REFUSED, resume: REFUSED, release: REFUSED, complete: REFUSED, fail: REFUSED, cancel: REFUSED },
};

/** The statuses from which a transition is possible: the condition of every compare-and-set. */
export function statusesAllowing(transition: RunTransition): RunStatus[] {
  return RUN_STATUSES.filter((status) => NEXT_STATUS[status][transition] !== REFUSED);
}

export const ACTIVE_STATUSES: readonly RunStatus[] = ['queued', 'running', 'waiting'];

export function isFinal(status: string): boolean {
  return status === 'completed' || status === 'failed' || status === 'cancelled';
}
