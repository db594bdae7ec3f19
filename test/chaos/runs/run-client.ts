import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { EventSourceReader, type ReceivedEvent } from '../../support/event-source-reader.js';
import type { HttpAnswer } from '../../support/http-client.js';
import type { ServerFleet } from '../server-fleet.js';

const TRY_AGAIN_MS = 50;
const FOR_EVER_MS = 2 ** 31 - 1;
/** Clients come back at once, so that many are there when the next instance goes. */
const RECONNECT = new TextEncoder().encode('retry: 100\n\n');

export interface StartedRun {
  readonly runId: string;
  readonly conversationId: string;
  readonly eventsUrl: string;
}

export interface RunWatcher {
  /** Up to the terminal one; rejects when the stream is refused or given up. */
  readonly events: Promise<ReceivedEvent[]>;
  giveUp(): void;
}

/** A client that does what a careful one would: it repeats what was not answered, and goes on reading where it was cut off. */
export class RunClient {
  constructor(private readonly fleet: ServerFleet) {}

  /** @throws when it is refused */
  async start(body: Readonly<Record<string, unknown>>): Promise<StartedRun> {
    const answer = await this.post('/api/chat/runs', body, { 'idempotency-key': randomUUID() });
    if (answer.status !== 202) throw new Error(`The run was refused: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body as unknown as StartedRun;
  }

  /** Repeated until some instance has answered. */
  async post(path: string, body: unknown = {}, headers: Record<string, string> = {}): Promise<HttpAnswer> {
    for (;;) {
      const { client } = await this.fleet.anyServer();
      try {
        return await client.post(path, body, headers);
      } catch {
        await sleep(TRY_AGAIN_MS); // it died before it had answered
      }
    }
  }

  /** Reads a run to its end, from whichever instance lives at the time. */
  watch({ eventsUrl }: StartedRun): RunWatcher {
    const reader = new EventSourceReader(new URL(eventsUrl, 'http://any-instance').href, {}, (_, init) => this.connect(eventsUrl, init));
    const events = reader.toTerminal(FOR_EVER_MS);
    events.catch(() => undefined); // looked at when all is over
    return { events, giveUp: () => reader.close() };
  }

  private async connect(path: string, init: RequestInit | undefined): Promise<Response> {
    const server = await this.fleet.anyServer();
    const response = await fetch(new URL(path, server.url), init);
    if (response.status !== 200 || !response.body) return response;
    const body = response.body.pipeThrough(new TransformStream({ start: (controller) => controller.enqueue(RECONNECT) }));
    return new Response(body, { status: response.status, headers: response.headers });
  }
}
