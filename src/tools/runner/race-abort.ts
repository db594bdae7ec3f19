/**
 * Settles with the work, or rejects with the signal's reason as soon as it aborts, whether the work listens or not.
 * Work that is given up on goes on unheard: it must check the signal itself before it changes anything.
 */
export function raceAbort<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}
