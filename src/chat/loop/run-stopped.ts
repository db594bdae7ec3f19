/** Why a run's signal aborted: the reason of every abort of a run is one of these. */
export type StopCause = 'cancelled' | 'run_timeout' | 'iteration_timeout' | 'lost_lease' | 'shutdown';

export class RunStopped extends Error {
  constructor(
    readonly stopCause: StopCause,
    /** For people, e.g. who cancelled. */
    readonly detail: string,
  ) {
    super(`The run was stopped: ${stopCause} (${detail}).`);
    this.name = 'RunStopped';
  }
}
