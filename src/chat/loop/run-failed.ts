import type { RunError } from '../../streaming/index.js';

/** Ends the run with an error that its client is shown. */
export class RunFailed extends Error {
  constructor(readonly runError: RunError, options?: ErrorOptions) {
    super(runError.message, options);
    this.name = 'RunFailed';
  }
}
