import type { IncomingHttpHeaders } from 'node:http';
import type { WireRequest, WireUsage } from './wire.js';

export type CallMethod = 'streamGenerateContent' | 'generateContent' | 'countTokens';

/**
 * - `completed`: the answer went out to its end, or an error status was answered
 * - `faulted`: a scripted fault ended it
 * - `client_closed`: the client went away first
 */
export type CallOutcome = 'completed' | 'faulted' | 'client_closed';

/** One call as it arrived, and how it ended. */
export class RecordedCall {
  /** The last usage put on the wire. */
  usage?: WireUsage;
  outcome?: CallOutcome;
  /** Why the request was refused, when it was. */
  refusal?: string;
  readonly ended: Promise<CallOutcome>;
  private resolveEnded!: (outcome: CallOutcome) => void;

  constructor(
    /** Counts generate calls from 0; refused and counting calls have the index of the next one. */
    readonly index: number,
    readonly method: CallMethod,
    readonly model: string,
    readonly headers: IncomingHttpHeaders,
    /** The body exactly as it came. */
    readonly rawBody: string,
    readonly body: WireRequest,
    private readonly onEnd: (call: RecordedCall) => void,
  ) {
    this.ended = new Promise((resolve) => (this.resolveEnded = resolve));
  }

  /** The first outcome holds. */
  end(outcome: CallOutcome): void {
    if (this.outcome) return;
    this.outcome = outcome;
    this.onEnd(this);
    this.resolveEnded(outcome);
  }
}
