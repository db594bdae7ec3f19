import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { UIMessage } from 'ai';
import { SharedTellings } from '../../../src/gateways/ai-sdk/shared-tellings.js';
import { UiMessageStreamProtocol } from '../../../src/gateways/ai-sdk/ui-message.stream-protocol.js';
import { toWire, writeEventStream } from '../../../src/streaming/connection/event-stream-response.js';
import { type RunEventBody, RunStreams } from '../../../src/streaming/index.js';
import { loadAiSdk, textOf, type Version, VERSIONS } from '../../support/ai-sdk/use-chat.js';
import { createTestRedis, describeWithRedis, type TestRedis } from '../../support/redis/test-redis.js';
import { MESSAGE_ID, recordedRun } from '../../support/streaming/sample-events.js';
import { createStreamingApp, type StreamingApp } from '../../support/streaming/streaming-app.js';

/** In fact, with a connection; the others are cut on paper. */
const REAL_CUT_EVERY_BYTES = 211;
const LIMIT: RunEventBody = { type: 'limit.reached', data: { limit: 'credits', value: 'low', action: 'A fifth is left.' } };
const RUN: readonly RunEventBody[] = [...recordedRun().slice(0, -1), LIMIT, ...recordedRun().slice(-1)];

const newProtocol = (): UiMessageStreamProtocol => new UiMessageStreamProtocol({ runId: 'recorded', conversationId: 'c', messageId: MESSAGE_ID }, { isInProtocol: true, answered: new Set() }, new SharedTellings());
const wire = recordedLive();
const finishAt = wire.indexOf('{"type":"finish"');

/** The run as somebody saw it who watched from the beginning: each event by itself, with heartbeats in between. */
function recordedLive(): Buffer {
  const protocol = newProtocol();
  const frames = RUN.flatMap((body, index) => protocol.frames([{ event: { ...body, runId: 'recorded', seq: index + 1, at: 0 }, json: '' }]));
  return Buffer.from([{ comment: 'open' }, ...frames].map((frame) => toWire(frame)).join(toWire({ comment: 'heartbeat' })));
}

interface Seen {
  readonly status: string;
  readonly messages: UIMessage[];
}

interface Client {
  readonly chat: Seen & { sendMessage(message: { text: string }): Promise<void>; resumeStream(): Promise<void> };
}

/** The chat behind the hook, with its transport as the hook hands it over, or as `new Chat({ transport })` does. */
async function connect(version: Version, fetch: typeof globalThis.fetch, isHook = true): Promise<Client['chat']> {
  const { Chat, DefaultChatTransport } = await loadAiSdk(version);
  const transport = new DefaultChatTransport({ api: 'http://lomu.invalid/api/chat', fetch });
  if (!isHook) return new Chat({ id: 'chat', transport }) as unknown as Client['chat'];
  const handedOver = { sendMessages: (options: object) => transport.sendMessages(options), reconnectToStream: (options: object) => transport.reconnectToStream(options) };
  return new Chat({ id: 'chat', transport: handedOver }) as unknown as Client['chat'];
}

/** An answer that comes this far, is read, and then ends or breaks. */
function answer(bytes: Uint8Array, isBroken: boolean, error = 'terminated'): Response {
  let isSent = false;
  const pull = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
    if (!isSent && bytes.length > 0) controller.enqueue(bytes);
    else {
      await nextTurn();
      if (isBroken) controller.error(new TypeError(error));
      else controller.close();
    }
    isSent = true;
  };
  return new Response(new ReadableStream({ pull }), { headers: { 'content-type': 'text/event-stream' } });
}

/** Replays that every cut has been tried with, by version: a cut on paper asks nothing of the log behind them. */
const cutEverywhere = new Set<string>();

/** What is left when withdrawn parts are left out. */
function shownOf({ messages }: Seen): unknown {
  return messages.slice(1).map((message) => ({ ...message, parts: message.parts.filter((part) => !('providerMetadata' in part && part.providerMetadata?.lomu)) }));
}

async function uncut(version: Version): Promise<unknown> {
  const chat = await connect(version, async () => answer(wire, false));
  await chat.sendMessage({ text: 'hi' });
  expect(chat.status).toBe('ready');
  expect(textOf(chat.messages)).toBe('👋 hello\n world');
  return shownOf(chat);
}

describe('I2: a run in memory', () => cutAnywhere());

describeWithRedis('I2: a run in Redis', () => {
  let redis: TestRedis;
  beforeAll(async () => {
    redis = await createTestRedis();
  });
  afterAll(() => redis.close());
  cutAnywhere(() => redis);
});

function cutAnywhere(redisOf?: () => TestRedis): void {
  let app: StreamingApp;
  let server: Server;
  let url: string;

  beforeAll(async () => {
    app = await createStreamingApp({ redis: redisOf?.().server });
    await (await app.startRun('recorded', ...RUN)).flush();
    server = createServer((request, response) => void (request.method === 'POST' ? cutOff(response, Number(request.headers['x-cut-at'])) : replay(app, response)));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(async () => {
    await new Promise((resolve) => server.close(resolve));
    await app.close();
  });

  it.each(VERSIONS)('cut anywhere and resumed is the message of the uncut stream (AI SDK %s)', async (version) => {
    const whole = await uncut(version);
    const replayed = Buffer.from(await (await fetch(url)).arrayBuffer());
    expect(replayed.length).toBeLessThan(wire.length);
    const told = `${version} ${replayed.toString()}`;
    const resumedFrom = new Set<string>();
    for (let offset = 0; offset < finishAt; offset++) {
      const isReal = offset % REAL_CUT_EVERY_BYTES === 0;
      if (!isReal && cutEverywhere.has(told)) continue;
      const chat = await connect(version, async (_, init) => {
        if (isReal) return fetch(url, { method: init?.method, headers: { 'x-cut-at': String(offset) } });
        return init?.method === 'POST' ? answer(wire.subarray(0, offset), true) : answer(replayed, false);
      });
      await chat.sendMessage({ text: 'hi' });
      expect({ offset, status: chat.status }).toEqual({ offset, status: 'error' });
      const seen = JSON.stringify(chat.messages.slice(1));
      if (!isReal && resumedFrom.has(seen)) continue; // the same for all cuts within one frame
      resumedFrom.add(seen);
      await chat.resumeStream();
      expect({ offset, status: chat.status, shown: shownOf(chat) }).toEqual({ offset, status: 'ready', shown: whole });
    }
    if (!cutEverywhere.has(told)) expect(resumedFrom.size).toBeGreaterThan(12);
    cutEverywhere.add(told);
  }, 60_000);
}

/** A connection that breaks after so many bytes. */
function cutOff(response: ServerResponse, offset: number): void {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(wire.subarray(0, offset), () => response.destroy());
}

async function replay({ app }: StreamingApp, response: ServerResponse): Promise<void> {
  const frames = await app.get(RunStreams).open({ runId: 'recorded', afterSeq: 0, userId: 'alice' }, response, newProtocol());
  writeEventStream(response, frames);
}

describe.each(VERSIONS)('a stream that ends too early without breaking, read by AI SDK %s', (version) => {
  it('has no status in its metadata, wherever a layer in between ended it', async () => {
    for (let offset = 0; offset < finishAt; offset += 37) {
      const chat = await connect(version, async () => answer(wire.subarray(0, offset), false));
      await chat.sendMessage({ text: 'hi' });
      expect({ offset, ended: chat.messages.slice(1).flatMap(({ metadata }) => (metadata as { status?: string } | undefined)?.status ?? []) }).toEqual({ offset, ended: [] });
    }
  });

  it('is an error when the server ended it', async () => {
    const farewell = newProtocol().farewell().map((frame) => toWire(frame)).join('');
    const chat = await connect(version, async () => answer(Buffer.concat([wire.subarray(0, wire.indexOf('\n\n', finishAt / 2) + 2), Buffer.from(farewell)]), false));
    await chat.sendMessage({ text: 'hi' });
    expect(chat).toMatchObject({ status: 'error', error: { message: expect.stringMatching(/\(stream_interrupted\)$/) } });
  });
});

it('a connection that breaks as in Chromium, after which the client keeps what it has, doubles nothing in a Chat with its own transport (AI SDK v6)', async () => {
  const fetchCut: typeof fetch = async (_, init) => (init?.method === 'POST' ? answer(wire.subarray(0, finishAt), true, 'network error') : answer(wire, false));
  const chat = await connect('v6', fetchCut, false);
  await chat.sendMessage({ text: 'hi' });
  expect(chat.status).toBe('error');
  await chat.resumeStream();
  expect(shownOf(chat)).toEqual(await uncut('v6'));
});
