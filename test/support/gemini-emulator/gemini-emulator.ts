import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answerStream, answerUnary } from './answer.js';
import { GoogleError, invalidArgument } from './google-error.js';
import { type CallMethod, RecordedCall } from './recorded-call.js';
import { countTokens, renderTurn } from './render-turn.js';
import { validateKey, validateRequest } from './request-validation.js';
import { type Turn, TurnBuilder } from './turn.js';
import type { WireRequest, WireUsage } from './wire.js';

const DEFAULT_MODELS = ['gemini-3.8-flash', 'gemini-3.6-flash', 'gemini-3.5-flash', 'gemini-3.5-flash-lite', 'gemini-3.1-pro-preview', 'gemini-2.5-pro', 'gemini-2.5-flash'];

export interface GeminiEmulatorOptions {
  /** Default 0: any free port. */
  readonly port?: number;
  readonly apiKey?: string;
  /** Names answered; others are 404. */
  readonly models?: readonly string[];
  /** How many calls `requests` remembers. Default 1000. */
  readonly maxRecordedCalls?: number;
}

export type ScriptedTurn = Turn | TurnBuilder;
export type Responder = (call: RecordedCall, index: number) => ScriptedTurn | Promise<ScriptedTurn>;

/** Sums of the last usage of every answered call, to hold a ledger against. */
export interface ServedTotals {
  readonly calls: number;
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly toolUseTokens: number;
  readonly candidateTokens: number;
  readonly thoughtTokens: number;
}

/** Gemini's REST API on a real port, answering what it is told to. */
export class GeminiEmulator {
  /** Calls as they came, oldest first; bounded. */
  readonly requests: RecordedCall[] = [];
  /** Generate calls that passed validation so far. */
  callCount = 0;
  private totals: ServedTotals = NOTHING_SERVED;
  private readonly queue: ScriptedTurn[] = [];
  private responder?: Responder;
  private counter = 0;

  constructor(
    private readonly server: Server,
    readonly apiKey: string,
    private readonly models: readonly string[],
    private readonly maxRecordedCalls: number,
  ) {
    server.on('request', (request: IncomingMessage, response: ServerResponse) => void this.handle(request, response));
  }

  get baseUrl(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** What an application needs to use this emulator. */
  get environment(): { GEMINI_API_KEY: string; GEMINI_BASE_URL: string; GEMINI_MODEL: string } {
    return { GEMINI_API_KEY: this.apiKey, GEMINI_BASE_URL: this.baseUrl, GEMINI_MODEL: this.models[0] ?? '' };
  }

  get servedUsage(): ServedTotals {
    return this.totals;
  }

  get lastRequest(): RecordedCall {
    const last = this.requests.at(-1);
    if (!last) throw new Error('The emulator has not been called.');
    return last;
  }

  /** Adds answers for the next calls, one each. A call beyond the script is refused. */
  script(turns: readonly ScriptedTurn[]): void {
    this.queue.push(...turns);
  }

  /** Answers every call that no scripted turn is left for. */
  respondWith(responder: Responder): void {
    this.responder = responder;
  }

  /** Forgets script, responder, requests and totals. */
  reset(): void {
    this.queue.length = 0;
    this.requests.length = 0;
    this.responder = undefined;
    this.callCount = 0;
    this.totals = NOTHING_SERVED;
  }

  connectionCount(): Promise<number> {
    return new Promise((resolve, reject) => this.server.getConnections((error, count) => (error ? reject(error) : resolve(count))));
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    this.server.closeAllConnections();
    await closed;
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    let call: RecordedCall | undefined;
    response.once('close', () => {
      gone.abort();
      call?.end('client_closed');
    });
    try {
      const body = await readBody(request);
      validateKey(header(request, 'x-goog-api-key'), this.apiKey);
      if (request.method === 'GET') return this.listModels(response);
      call = this.record(request, body);
      await this.answer(call, response, gone.signal);
    } catch (error) {
      if (gone.signal.aborted) return;
      const refusal = error instanceof GoogleError ? error : new GoogleError(500, 'INTERNAL', `The emulator failed: ${String(error)}`);
      if (call) call.refusal = refusal.message;
      response.writeHead(refusal.httpStatus, { 'content-type': 'application/json; charset=UTF-8' }).end(refusal.body);
      call?.end('completed');
    }
  }

  private async answer(call: RecordedCall, response: ServerResponse, gone: AbortSignal): Promise<void> {
    if (!this.models.includes(call.model)) {
      throw new GoogleError(404, 'NOT_FOUND', `models/${call.model} is not found for API version v1beta, or is not supported for ${call.method}.`);
    }
    if (call.method === 'countTokens') {
      response.writeHead(200, { 'content-type': 'application/json; charset=UTF-8' }).end(JSON.stringify({ totalTokens: countTokens(call.body) }));
      return call.end('completed');
    }
    validateRequest(call.model, call.body);
    const turn = await this.nextTurn(call);
    const steps = renderTurn(turn, { model: call.model, request: call.body, responseId: `response-${call.index}`, nextNumber: () => ++this.counter });
    const play = call.method === 'generateContent' ? answerUnary : answerStream;
    await play({ call, response, steps, paceMs: turn.paceMs, gone });
  }

  private async nextTurn(call: RecordedCall): Promise<Turn> {
    const index = this.callCount++;
    const scripted = this.queue.shift() ?? (await this.responder?.(call, index));
    if (!scripted) throw new GoogleError(400, 'FAILED_PRECONDITION', `The emulator has no answer scripted for call ${index}.`);
    return scripted instanceof TurnBuilder ? scripted.build() : scripted;
  }

  private record(request: IncomingMessage, rawBody: string): RecordedCall {
    const match = /^\/v1(?:beta)?\/models\/([^/:]+):(streamGenerateContent|generateContent|countTokens)(\?.*)?$/.exec(request.url ?? '');
    if (request.method !== 'POST' || !match) throw new GoogleError(404, 'NOT_FOUND', `No such method: ${request.method} ${request.url}`);
    const [, model = '', method, query = ''] = match;
    if (method === 'streamGenerateContent' && query !== '?alt=sse') throw invalidArgument('The emulator streams with alt=sse only.');
    const parsed = parseJson(rawBody) as WireRequest & { generateContentRequest?: WireRequest };
    const call = new RecordedCall(this.callCount, method as CallMethod, model, request.headers, rawBody, parsed.generateContentRequest ?? parsed, (ended) => {
      if (ended.usage) this.totals = addServed(this.totals, ended.usage);
    });
    this.requests.push(call);
    if (this.requests.length > this.maxRecordedCalls) this.requests.shift();
    return call;
  }

  private listModels(response: ServerResponse): void {
    const models = this.models.map((name) => ({ name: `models/${name}`, inputTokenLimit: 1_048_576, outputTokenLimit: 65_536, supportedGenerationMethods: ['generateContent', 'countTokens'] }));
    response.writeHead(200, { 'content-type': 'application/json; charset=UTF-8' }).end(JSON.stringify({ models }));
  }
}

export async function startGeminiEmulator(options: GeminiEmulatorOptions = {}): Promise<GeminiEmulator> {
  // Longer than any test, so that pooled connections are not closed under their owner's feet.
  const server = createServer({ keepAliveTimeout: 60_000 });
  const emulator = new GeminiEmulator(server, options.apiKey ?? 'emulator-key', options.models ?? DEFAULT_MODELS, options.maxRecordedCalls ?? 1_000);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  return emulator;
}

const NOTHING_SERVED: ServedTotals = { calls: 0, promptTokens: 0, cachedTokens: 0, toolUseTokens: 0, candidateTokens: 0, thoughtTokens: 0 };

function addServed(totals: ServedTotals, usage: WireUsage): ServedTotals {
  return {
    calls: totals.calls + 1,
    promptTokens: totals.promptTokens + usage.promptTokenCount,
    cachedTokens: totals.cachedTokens + (usage.cachedContentTokenCount ?? 0),
    toolUseTokens: totals.toolUseTokens + (usage.toolUsePromptTokenCount ?? 0),
    candidateTokens: totals.candidateTokens + (usage.candidatesTokenCount ?? 0),
    thoughtTokens: totals.thoughtTokens + (usage.thoughtsTokenCount ?? 0),
  };
}

async function readBody(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString('utf8');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalidArgument('Invalid JSON payload received. Unexpected token.');
  }
}

function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
