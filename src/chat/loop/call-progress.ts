import type { Clock, TokenUsage } from '../../common/index.js';
import type { ModelDelta } from '../../models/index.js';
import { ageMs } from '../runs/run-row.js';
import { AnswerChants } from './answer-chants.js';
import type { RunContext } from './run-context.js';

interface WatchedCall {
  readonly isSideCall?: boolean;
  readonly signal: AbortSignal;
}

/** What has arrived of a call so far. Shows it to people while it arrives, and breaks it off when it chants. */
export class CallProgress {
  text = '';
  usage?: TokenUsage;
  firstTokenMs: number | null = null;
  hasReasoned = false;
  isSent = false;
  isSettled = false;
  private readonly startedAtMs: number;
  private readonly controller = new AbortController();
  private readonly watch;
  private readonly isShown: boolean;

  constructor(
    private readonly context: RunContext,
    private readonly clock: Clock,
    private readonly call: WatchedCall,
  ) {
    this.startedAtMs = clock.monotonicMs();
    this.watch = context.monitor.watchAnswer();
    this.isShown = !call.isSideCall;
    if (call.signal.aborted) this.onAbort();
    else call.signal.addEventListener('abort', this.onAbort, { once: true });
  }

  /** Aborts with the run, and with AnswerChants. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  get durationMs(): number {
    return Math.round(this.clock.monotonicMs() - this.startedAtMs);
  }

  get generationMs(): number {
    return this.firstTokenMs === null ? 0 : this.durationMs - this.firstTokenMs;
  }

  readonly onUsage = (usage: TokenUsage): void => {
    this.usage = usage;
  };

  readonly onDelta = (delta: ModelDelta): void => {
    if (this.firstTokenMs === null) this.noteFirstToken();
    this.text += delta.text;
    if (delta.type === 'reasoning') this.hasReasoned = true;
    if (this.isShown) this.show(delta);
    if (delta.type === 'text' && this.watch.push(delta.text)) this.controller.abort(new AnswerChants());
  };

  end(): void {
    this.call.signal.removeEventListener('abort', this.onAbort);
  }

  private show({ type, text }: ModelDelta): void {
    const { answer, writer, row } = this.context;
    if (type === 'text') answer.append(text);
    else writer.append({ type: 'reasoning.delta', data: { messageId: row.assistantMessageId, text } });
  }

  private noteFirstToken(): void {
    this.firstTokenMs = this.durationMs;
    if (!this.isShown || this.context.totals.timeToFirstTokenMs !== null) return;
    this.context.totals = { ...this.context.totals, timeToFirstTokenMs: ageMs(this.context.row, this.clock.now()) };
  }

  private readonly onAbort = (): void => this.controller.abort(this.call.signal.reason);
}
