import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';

/** As in deploy/nginx.conf. */
const FAIL_TIMEOUT_MS = 2_000;
const TRIES = 2;
const KEEP_ALIVE_MS = 4_000;

interface Target {
  openRequests: number;
  failedUntilMs: number;
}

/** What became of one try. A request that was sent and not answered may have been begun. */
type Attempt = { readonly answer: IncomingMessage } | { readonly error: Error; readonly wasSent: boolean };

/**
 * Does what deploy/nginx.conf does, and nothing kinder: the instance with the fewest open requests gets the next one, over kept
 * connections. One that refuses the connection, breaks it before it answered, or answers 503 is left alone for two seconds, and the
 * other is asked, once. A POST that was sent is not repeated, unless the answer was 503; its client then gets 502.
 */
export class Balancer {
  private readonly targets: Target[];
  private readonly agent = new Agent({ keepAlive: true, timeout: KEEP_ALIVE_MS });

  private constructor(
    private readonly server: Server,
    private readonly urlOf: readonly (() => string | undefined)[],
  ) {
    this.targets = urlOf.map(() => ({ openRequests: 0, failedUntilMs: 0 }));
    server.on('request', (incoming: IncomingMessage, response: ServerResponse) => void this.pass(incoming, response));
  }

  /** @param urlOf where each instance listens at the moment, if it does */
  static async start(urlOf: readonly (() => string | undefined)[]): Promise<Balancer> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new Balancer(server, urlOf);
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    this.agent.destroy();
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  private async pass(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await buffer(incoming);
    const tried = new Set<number>();
    for (;;) {
      const index = this.choose(tried);
      tried.add(index);
      const attempt = await this.attempt(index, incoming, body, response);
      const isLast = tried.size === Math.min(TRIES, this.targets.length);
      if ('answer' in attempt) {
        if (attempt.answer.statusCode !== 503 || isLast) return relay(attempt.answer, response);
        attempt.answer.resume();
      } else if (isLast || (attempt.wasSent && incoming.method === 'POST')) {
        return void response.writeHead(502).end(attempt.error.message);
      }
      this.target(index).failedUntilMs = Date.now() + FAIL_TIMEOUT_MS;
    }
  }

  private choose(tried: ReadonlySet<number>): number {
    const untried = this.targets.map((_, index) => index).filter((index) => !tried.has(index));
    const well = untried.filter((index) => this.target(index).failedUntilMs <= Date.now());
    const [chosen = 0] = (well.length > 0 ? well : untried).sort((a, b) => this.target(a).openRequests - this.target(b).openRequests);
    return chosen;
  }

  private attempt(index: number, { method, url, headers }: IncomingMessage, body: Buffer, response: ServerResponse): Promise<Attempt> {
    const address = this.urlOf[index]?.();
    if (!address) return Promise.resolve({ error: new Error('nobody listens'), wasSent: false });
    const target = this.target(index);
    return new Promise((resolve) => {
      const outgoing = request(new URL(url ?? '', address), { method, headers, agent: this.agent });
      let isConnected = false;
      target.openRequests++;
      outgoing.once('socket', (socket) => (socket.connecting ? socket.once('connect', () => (isConnected = true)) : (isConnected = true)));
      outgoing.once('response', (answer) => resolve({ answer }));
      outgoing.once('error', (error) => resolve({ error, wasSent: isConnected }));
      outgoing.once('close', () => target.openRequests--);
      response.once('close', () => outgoing.destroy()); // the client has gone, or has everything
      outgoing.end(body);
    });
  }

  private target(index: number): Target {
    return this.targets[index] as Target;
  }
}

function relay(answer: IncomingMessage, response: ServerResponse): void {
  response.writeHead(answer.statusCode ?? 502, answer.headers);
  answer.pipe(response);
  answer.once('error', () => response.destroy()); // broken off: the client sees as much
}
