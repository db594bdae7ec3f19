import { type Sandbox, type SandboxAvailability, SandboxError, type SandboxOutcome } from './sandbox.port.js';

/** Where commands cannot be confined, none is run. */
export class UnavailableSandbox implements Sandbox {
  readonly availability: SandboxAvailability;
  readonly owner = null;

  constructor(reason: string) {
    this.availability = { isAvailable: false, reason };
  }

  async run(): Promise<SandboxOutcome> {
    throw new SandboxError(this.availability.isAvailable ? '' : this.availability.reason);
  }
}
