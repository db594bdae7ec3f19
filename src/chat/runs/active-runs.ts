import { Injectable } from '@nestjs/common';
import { RunStopped } from '../loop/run-stopped.js';

export interface ActiveRun {
  readonly signal: AbortSignal;
  remove(): void;
}

/** The runs this instance is working on, so that they can be stopped at once. */
@Injectable()
export class ActiveRuns {
  private readonly controllers = new Map<string, AbortController>();

  /** Registers a run; its signal aborts when somebody stops it. */
  add(runId: string): ActiveRun {
    const controller = new AbortController();
    this.controllers.set(runId, controller);
    return {
      signal: controller.signal,
      remove: () => {
        if (this.controllers.get(runId) === controller) this.controllers.delete(runId);
      },
    };
  }

  /** @returns whether this instance is working on the run */
  stop(runId: string, reason: RunStopped): boolean {
    const controller = this.controllers.get(runId);
    controller?.abort(reason);
    return controller !== undefined;
  }

  stopAll(reason: () => RunStopped): void {
    for (const controller of this.controllers.values()) controller.abort(reason());
  }

  get count(): number {
    return this.controllers.size;
  }
}
