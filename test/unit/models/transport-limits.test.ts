import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type SilencePhase, SilenceWatchdog } from '../../../src/models/transport/silence-watchdog.js';
import { FakeClock } from '../../support/fake-clock.js';
import { generate, requestOf } from '../../support/models/generate.js';
import { geminiAt } from '../../support/models/gemini-under-test.js';

/** What a watchdog has said when bytes came at these times. */
async function listen(heardAtMs: readonly number[], untilMs: number): Promise<(SilencePhase | number)[]> {
  const clock = new FakeClock();
  const said: (SilencePhase | number)[] = [];
  const watchdog = new SilenceWatchdog(clock, 1_000, 500, (phase) => said.push(phase, clock.monotonicMs()));
  for (const atMs of heardAtMs) {
    await clock.advance(atMs - clock.monotonicMs());
    watchdog.heard();
  }
  await clock.advance(untilMs - clock.monotonicMs());
  watchdog.stop();
  return said;
}

it('model.firstByteTimeoutMs: silence before the first byte ends at it', async () => {
  expect(await listen([], 999)).toEqual([]);
  expect(await listen([], 1_500)).toEqual(['first_byte', 1_000]);
  expect(await listen([999], 1_400)).toEqual([]);
});

it('model.idleTimeoutMs: silence between two chunks ends at it', async () => {
  expect(await listen([100, 599], 1_098)).toEqual([]);
  expect(await listen([100], 2_000)).toEqual(['idle', 600]);
  expect(await listen([100, 400], 2_000)).toEqual(['idle', 900]);
});

it.each([true, false])('model.maxResponseBytes: an answer of that size is taken, a larger one is not (stream: %s)', async (stream) => {
  const answer = JSON.stringify({ candidates: [{ content: { role: 'model', parts: [{ text: 'x'.repeat(500) }] }, finishReason: 'STOP' }], usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 1, totalTokenCount: 2 } });
  const body = stream ? `data: ${answer}\r\n\r\n` : answer;
  const server = createServer((_, response) => response.writeHead(200, { 'content-type': stream ? 'text/event-stream' : 'application/json' }).end(body));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const gemini = geminiAt(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const outcome = async (maxResponseBytes: number): Promise<string> => {
    const { error } = await generate(gemini.model(), requestOf('Hi'), { stream, maxResponseBytes });
    return error ? (error as { kind: string }).kind : 'taken';
  };
  const size = Buffer.byteLength(body);
  expect([await outcome(size - 1), await outcome(size), await outcome(size + 1)]).toEqual(['response_too_large', 'taken', 'taken']);
  gemini.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});
