import type { ToolCallRequest } from '../../models/index.js';

/** Thrown out of the loop when the run has to wait for a person: it gives its worker back and goes on from its rows later. */
export class RunSuspended extends Error {
  constructor(readonly calls: readonly ToolCallRequest[]) {
    super(`The run waits for the approval of ${calls.map((call) => call.name).join(', ')}.`);
    this.name = 'RunSuspended';
  }
}
