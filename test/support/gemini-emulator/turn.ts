import { GoogleError, type RateLimit, resourceExhausted } from './google-error.js';

/** A part as scripted; the emulator adds ids and signatures where the real service would. */
export type TurnPart =
  | { readonly kind: 'text' | 'thought'; readonly text: string; readonly signed: boolean }
  | { readonly kind: 'call'; readonly name: string; readonly args: unknown; readonly id: string | null | undefined; readonly signature: CallSignature };

/** `auto` signs the first call of the turn, as the service does. */
export type CallSignature = 'auto' | 'always' | 'never';

export type TurnStep =
  | { readonly kind: 'chunk'; readonly parts: readonly TurnPart[]; readonly finishReason?: string }
  | { readonly kind: 'blocked'; readonly blockReason: string }
  | { readonly kind: 'headers' }
  | { readonly kind: 'pause'; readonly durationMs: number }
  | { readonly kind: 'wait'; readonly work: () => Promise<unknown> }
  | { readonly kind: 'raw'; readonly bytes: Buffer }
  | { readonly kind: 'error_chunk'; readonly error: GoogleError }
  | { readonly kind: 'http'; readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: string }
  | { readonly kind: 'stall' | 'cut' | 'reset' };

/** Final token counts; those left out are counted from the texts at four characters a token. */
export interface TurnUsage {
  readonly prompt?: number;
  readonly cached?: number;
  readonly toolUse?: number;
  readonly candidates?: number;
  readonly thoughts?: number;
}

/** What the emulator answers to one call. */
export interface Turn {
  readonly steps: readonly TurnStep[];
  readonly usage: TurnUsage;
  readonly paceMs: number;
  /** False leaves usageMetadata out altogether. */
  readonly reportsUsage: boolean;
}

/** Steps after which nothing more can come. */
const ENDINGS: ReadonlySet<TurnStep['kind']> = new Set(['blocked', 'http', 'stall', 'cut', 'reset', 'error_chunk']);

/**
 * Scripts one answer: `turn().thought('Let me look.').call('read_file', {path: 'a.ts'}).usage({prompt: 120})`.
 * A turn with no ending of its own finishes with STOP.
 */
export class TurnBuilder {
  private readonly steps: TurnStep[] = [];
  private counts: TurnUsage = {};
  private paceMs = 0;
  private reportsUsage = true;
  private joinsCalls = false;

  /** Each piece is a chunk of its own. */
  text(...pieces: string[]): this {
    for (const text of pieces) this.chunk([{ kind: 'text', text, signed: false }]);
    return this;
  }

  thought(...pieces: string[]): this {
    for (const text of pieces) this.chunk([{ kind: 'thought', text, signed: false }]);
    return this;
  }

  /** A text part with a thought signature; the service often sends it with empty text at the end. */
  signedText(text = ''): this {
    return this.chunk([{ kind: 'text', text, signed: true }]);
  }

  /**
   * Consecutive calls are parallel and share a chunk.
   * @param options.id null leaves the id out; by default models from generation 3 on give one
   */
  call(name: string, args: unknown = {}, options: { id?: string | null; signature?: CallSignature } = {}): this {
    const part: TurnPart = { kind: 'call', name, args, id: options.id, signature: options.signature ?? 'auto' };
    const last = this.steps.at(-1);
    if (this.joinsCalls && last?.kind === 'chunk') this.steps[this.steps.length - 1] = { ...last, parts: [...last.parts, part] };
    else this.chunk([part]);
    this.joinsCalls = true;
    return this;
  }

  /** Puts the next call into a chunk of its own. */
  nextChunk(): this {
    this.joinsCalls = false;
    return this;
  }

  usage(counts: TurnUsage): this {
    this.counts = { ...this.counts, ...counts };
    return this;
  }

  withoutUsage(): this {
    this.reportsUsage = false;
    return this;
  }

  /** Waits before each chunk. */
  pace(perChunkMs: number): this {
    this.paceMs = perChunkMs;
    return this;
  }

  pause(durationMs: number): this {
    return this.step({ kind: 'pause', durationMs });
  }

  /** Goes on when this is done: something that happens while the model answers. */
  waitFor(work: () => Promise<unknown>): this {
    return this.step({ kind: 'wait', work });
  }

  /** Any word the service may use, e.g. MAX_TOKENS, SAFETY, MALFORMED_FUNCTION_CALL. It rides on the chunk before it. */
  finish(finishReason: string): this {
    const last = this.steps.at(-1);
    if (last?.kind === 'chunk' && last.finishReason === undefined) this.steps[this.steps.length - 1] = { ...last, finishReason };
    else this.step({ kind: 'chunk', parts: [], finishReason });
    return this;
  }

  /** The prompt is refused: no candidates. */
  blocked(blockReason = 'PROHIBITED_CONTENT'): this {
    return this.step({ kind: 'blocked', blockReason });
  }

  /** Sends the response headers, so that a stall after them is one before the first byte of the body. */
  headers(): this {
    return this.step({ kind: 'headers' });
  }

  /** Bytes put on the wire as they are, for garbage and unusual framing. */
  raw(bytes: string | Buffer): this {
    return this.step({ kind: 'raw', bytes: Buffer.from(bytes) });
  }

  /** Says nothing more and keeps the connection open until the client goes. */
  stall(): this {
    return this.step({ kind: 'stall' });
  }

  /** Ends the response properly but without a finish reason. */
  cut(): this {
    return this.step({ kind: 'cut' });
  }

  /** Resets the connection. */
  reset(): this {
    return this.step({ kind: 'reset' });
  }

  /** An `{"error":…}` where a chunk should be, after which the stream ends. */
  errorChunk(httpStatus = 503, status = 'UNAVAILABLE', message = 'The model is overloaded. Please try again later.'): this {
    return this.step({ kind: 'error_chunk', error: new GoogleError(httpStatus, status, message) });
  }

  /** Answers with an error status instead of a stream. */
  httpError(httpStatus: number, status: string, message: string, details: readonly unknown[] = []): this {
    return this.google(new GoogleError(httpStatus, status, message, details));
  }

  rateLimited(limit: RateLimit = {}): this {
    return this.google(resourceExhausted(limit));
  }

  overloaded(): this {
    return this.google(new GoogleError(503, 'UNAVAILABLE', 'The model is overloaded. Please try again later.'));
  }

  /** A proxy's error page. With status 200 it stands where the stream should be. */
  htmlError(status: number): this {
    const body = `<!DOCTYPE html>\n<html><head><title>${status}</title></head>\n<body><h1>Error ${status}</h1></body></html>\n`;
    return this.step({ kind: 'http', status, headers: { 'content-type': 'text/html; charset=UTF-8' }, body });
  }

  build(): Turn {
    const ended = this.steps.some((step) => ENDINGS.has(step.kind) || (step.kind === 'chunk' && step.finishReason !== undefined));
    if (!ended && !this.steps.some((step) => step.kind === 'raw')) this.finish('STOP');
    return { steps: [...this.steps], usage: this.counts, paceMs: this.paceMs, reportsUsage: this.reportsUsage };
  }

  private google(error: GoogleError): this {
    return this.step({ kind: 'http', status: error.httpStatus, headers: { 'content-type': 'application/json; charset=UTF-8' }, body: error.body });
  }

  private chunk(parts: readonly TurnPart[]): this {
    return this.step({ kind: 'chunk', parts });
  }

  private step(step: TurnStep): this {
    this.joinsCalls = false;
    this.steps.push(step);
    return this;
  }
}

export function turn(): TurnBuilder {
  return new TurnBuilder();
}
