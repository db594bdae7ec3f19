import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { OpenAiRequest } from '../../../src/models/openai-compatible/openai-wire.js';
import { type Turn, TurnBuilder } from '../gemini-emulator/index.js';
import { AnswerRenderer, mergeDocuments } from './render-answer.js';
import { refusalOf } from './validate-request.js';

export interface OpenAiCall {
  readonly body: OpenAiRequest;
  readonly authorization: string | undefined;
  /** Whether the client went away before the answer was complete. */
  readonly sawClientClose: Promise<boolean>;
}

type Scripted = Turn | TurnBuilder;
type Responder = (call: OpenAiCall, index: number) => Scripted;

const DELIVERY_MS = 5;

/** Speaks the chat completions API as Ollama, vLLM and OpenAI do: the same scripted turns as the Gemini emulator, on the other wire. */
export class OpenAiEmulator {
  readonly calls: OpenAiCall[] = [];
  private readonly queue: Scripted[] = [];
  private responder: Responder | undefined;
  private ids = 0;

  constructor(
    private readonly server: Server,
    readonly apiKey: string | undefined,
  ) {
    server.on('request', (request, response) => void this.handle(request, response));
  }

  get baseUrl(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/v1`;
  }

  get lastCall(): OpenAiCall {
    const last = this.calls.at(-1);
    if (!last) throw new Error('The emulator has not been called.');
    return last;
  }

  script(turns: readonly Scripted[]): void {
    this.queue.push(...turns);
  }

  respondWith(responder: Responder): void {
    this.responder = responder;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    this.server.closeAllConnections();
    await closed;
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    const sawClientClose = new Promise<boolean>((resolve) => response.once('close', () => resolve(!response.writableFinished && !isReset.has(response))));
    response.once('close', () => gone.abort());
    try {
      const raw = await readBody(request);
      const body = JSON.parse(raw) as OpenAiRequest;
      const call: OpenAiCall = { body, authorization: request.headers.authorization, sawClientClose };
      this.calls.push(call);
      const refusal = request.url === '/v1/chat/completions' ? refusalOf(body) : 'There is no such path.';
      if (this.apiKey !== undefined && call.authorization !== `Bearer ${this.apiKey}`) return refuse(response, 401, 'Incorrect API key provided.', 'invalid_api_key');
      if (refusal) return refuse(response, 400, refusal, 'invalid_request_error');
      const scripted = this.queue.shift() ?? this.responder?.(call, this.calls.length - 1);
      if (!scripted) return refuse(response, 400, 'Nothing is scripted.', 'invalid_request_error');
      const turn = scripted instanceof TurnBuilder ? scripted.build() : scripted;
      await this.play(turn, body, raw.length, response, gone.signal);
    } catch (error) {
      if (!gone.signal.aborted) refuse(response, 500, String(error), 'server_error');
    }
  }

  private async play(turn: Turn, body: OpenAiRequest, promptCharacters: number, response: ServerResponse, gone: AbortSignal): Promise<void> {
    const renderer = new AnswerRenderer(body.model, turn, promptCharacters, () => `call_${++this.ids}`);
    const whole: string[] = [];
    const write = (data: string): void => {
      if (!response.headersSent) response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' });
      response.write(data);
    };
    for (const step of turn.steps) {
      if (gone.aborted) return;
      if (step.kind === 'chunk') {
        for (const document of renderer.render(step)) {
          if (turn.paceMs > 0) await sleep(turn.paceMs, undefined, { signal: gone });
          if (body.stream) write(`data: ${document}\n\n`);
          else whole.push(document);
        }
      } else if (step.kind === 'pause') await sleep(step.durationMs, undefined, { signal: gone });
      else if (step.kind === 'raw') write(step.bytes.toString());
      else if (step.kind === 'headers') write('');
      else return this.fault(step, response, gone, write);
    }
    if (!body.stream) return void response.writeHead(200, { 'content-type': 'application/json' }).end(mergeDocuments(whole, renderer.usage()));
    const usage = body.stream_options?.include_usage ? renderer.usageDocument() : undefined;
    if (usage) write(`data: ${usage}\n\n`);
    write('data: [DONE]\n\n');
    response.end();
  }

  private async fault(step: Exclude<Turn['steps'][number], { kind: 'chunk' | 'pause' | 'raw' | 'headers' }>, response: ServerResponse, gone: AbortSignal, write: (data: string) => void): Promise<void> {
    switch (step.kind) {
      case 'http': {
        const google = safeParse(step.body)?.error;
        if (!google) return void response.writeHead(step.status, step.headers).end(step.body);
        const delay = google.details?.flatMap(({ retryDelay }) => retryDelay ?? [])[0];
        return refuse(response, step.status, google.message, google.status.toLowerCase(), delay === undefined ? {} : { 'retry-after': String(Math.ceil(parseFloat(delay))) });
      }
      case 'error_chunk':
        write(`data: ${JSON.stringify({ error: { message: step.error.message, type: 'server_error', code: step.error.httpStatus } })}\n\n`);
        return void response.end();
      case 'cut':
        write('');
        return void response.end();
      case 'reset':
        await sleep(DELIVERY_MS);
        isReset.add(response);
        response.socket?.resetAndDestroy();
        return;
      default:
        if (!gone.aborted) await once(gone, 'abort');
    }
  }
}

const isReset = new WeakSet<ServerResponse>();

export async function startOpenAiEmulator(apiKey?: string): Promise<OpenAiEmulator> {
  const server = createServer({ keepAliveTimeout: 60_000 });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return new OpenAiEmulator(server, apiKey);
}

function refuse(response: ServerResponse, status: number, message: string, code: string, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify({ error: { message, type: code, param: null, code } }));
}

function safeParse(text: string): { error?: { message: string; status: string; details?: { retryDelay?: string }[] } } | undefined {
  try {
    return JSON.parse(text) as ReturnType<typeof safeParse>;
  } catch {
    return undefined;
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString('utf8');
}
