import { EventSourceReader, type ReceivedEvent } from './event-source-reader.js';

export interface HttpAnswer<Body = Record<string, unknown>> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

// oxlint-disable-next-line typescript/no-explicit-any -- tests read answers of many shapes
type AnyBody = any;

/** An answer that never comes is a failure of its own, not of the test's time limit. */
const ANSWER_TIMEOUT_MS = 60_000;

/** A small JSON client, so that tests read as what a user does. */
export class HttpClient {
  constructor(
    readonly baseUrl: string,
    private readonly headers: Readonly<Record<string, string>> = {},
  ) {}

  /** The same client with an API key or token. */
  withToken(token: string): HttpClient {
    return new HttpClient(this.baseUrl, { ...this.headers, authorization: `Bearer ${token}` });
  }

  get<Body = AnyBody>(path: string, headers: Record<string, string> = {}): Promise<HttpAnswer<Body>> {
    return this.send('GET', path, undefined, headers);
  }

  post<Body = AnyBody>(path: string, body: unknown = {}, headers: Record<string, string> = {}): Promise<HttpAnswer<Body>> {
    return this.send('POST', path, body, headers);
  }

  put<Body = AnyBody>(path: string, body: unknown): Promise<HttpAnswer<Body>> {
    return this.send('PUT', path, body, {});
  }

  delete<Body = AnyBody>(path: string): Promise<HttpAnswer<Body>> {
    return this.send('DELETE', path, undefined, {});
  }

  /** Starts a run and reads its events to the terminal one. */
  async run(message: string, options: Record<string, unknown> = {}): Promise<FinishedTestRun> {
    const started = await this.post('/api/chat/runs', { message, ...options });
    if (started.status !== 202) throw new Error(`The run was refused: ${started.status} ${JSON.stringify(started.body)}`);
    const events = await this.events(started.body.eventsUrl as string).toTerminal();
    return { started: started.body, events, terminal: events.at(-1) as ReceivedEvent };
  }

  events(path: string, headers: Record<string, string> = {}): EventSourceReader {
    return new EventSourceReader(new URL(path, this.baseUrl).href, { ...this.headers, ...headers });
  }

  private async send<Body>(method: string, path: string, body: unknown, headers: Record<string, string>): Promise<HttpAnswer<Body>> {
    const response = await fetch(new URL(path, this.baseUrl), {
      method,
      signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...this.headers, ...headers },
      body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json');
    return { status: response.status, headers: response.headers, body: (isJson && text !== '' ? JSON.parse(text) : text) as Body };
  }
}

export interface FinishedTestRun {
  readonly started: AnyBody;
  readonly events: ReceivedEvent[];
  readonly terminal: ReceivedEvent;
}
