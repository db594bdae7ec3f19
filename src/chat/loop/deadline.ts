import type { Clock } from '../../common/index.js';

export interface Deadline {
  readonly signal: AbortSignal;
  clear(): void;
}

/** A signal that aborts with the parent, or with `reason()` after `timeoutMs`. Always `clear` it. */
export function startDeadline(clock: Clock, parent: AbortSignal, timeoutMs: number, reason: () => Error): Deadline {
  const controller = new AbortController();
  const onParentAbort = (): void => controller.abort(parent.reason);
  if (parent.aborted) onParentAbort();
  else parent.addEventListener('abort', onParentAbort, { once: true });
  const cancelTimer = clock.schedule(() => controller.abort(reason()), timeoutMs);
  return {
    signal: controller.signal,
    clear: () => {
      cancelTimer();
      parent.removeEventListener('abort', onParentAbort);
    },
  };
}
