import OpenAI from 'openai';
import { toWire } from '../../../src/streaming/connection/event-stream-response.js';
import { CompletionStreamProtocol } from '../../../src/gateways/openai-compatible/completion.stream-protocol.js';
import type { LoggedEvent, RunEventBody } from '../../../src/streaming/index.js';

const PIECES = ['Grüße ', 'an 👩‍💻\n\n', 'data: "[DONE]"'];
const TEXT = PIECES.join('');
const USAGE = { inputTokens: 1, outputTokens: 2, totalTokens: 3, cachedInputTokens: 0, reasoningTokens: 0 };

const wire = recorded();
const finishAt = wire.indexOf('"finish_reason":"stop"');

/** A completion as the server writes it, one event at a time, with a heartbeat in between. */
function recorded(): Buffer {
  const bodies = [
    ...PIECES.map((text) => ({ type: 'text.delta', data: { messageId: 'm', text } })),
    { type: 'run.completed', data: { finishReason: 'stop', message: { id: 'm', text: TEXT }, usage: USAGE, billing: {} } },
  ] as unknown as RunEventBody[];
  const protocol = new CompletionStreamProtocol({ id: 'c', created: 1, model: 'a/b' }, false);
  const frames = bodies.map((body, index) => protocol.frames([{ event: Object.assign({ runId: 'r', seq: index + 1, at: 0 }, body) } as unknown as LoggedEvent]).map(toWire));
  return Buffer.from([toWire({ comment: 'open' }), ...frames.flat()].join(toWire({ comment: 'heartbeat' })));
}

interface Read {
  readonly text: string;
  readonly hasFinished: boolean;
  readonly hasFailed: boolean;
}

/** What the client makes of these pieces of a stream, which then ends, or breaks. */
async function read(pieces: readonly Uint8Array[], isBroken = false): Promise<Read> {
  const left = [...pieces];
  const pull = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
    const piece = left.shift();
    if (piece) controller.enqueue(piece);
    else if (isBroken) controller.error(new TypeError('terminated'));
    else controller.close();
  };
  const answer = async (): Promise<Response> => new Response(new ReadableStream({ pull }), { headers: { 'content-type': 'text/event-stream' } });
  const openai = new OpenAI({ apiKey: 'none', baseURL: 'http://lomu.invalid', maxRetries: 0, logLevel: 'off', fetch: answer });
  let text = '';
  let hasFinished = false;
  try {
    for await (const { choices } of await openai.chat.completions.create({ model: 'a/b', messages: [], stream: true })) {
      text += choices[0]?.delta.content ?? '';
      hasFinished ||= choices[0]?.finish_reason === 'stop';
    }
    return { text, hasFinished, hasFailed: false };
  } catch {
    return { text, hasFinished, hasFailed: true };
  }
}

describe('a completion at every byte offset, read by the openai client', () => {
  const offsets = Array.from({ length: wire.length + 1 }, (_, offset) => offset);

  it('is the same wherever it arrives in two pieces', async () => {
    for (const offset of offsets) {
      const pieces = [wire.subarray(0, offset), wire.subarray(offset)].filter(({ length }) => length > 0);
      expect({ offset, ...(await read(pieces)) }).toEqual({ offset, text: TEXT, hasFinished: true, hasFailed: false });
    }
  });

  it.each([true, false])('is a beginning of the text without an end wherever it is cut (broken: %s)', async (isBroken) => {
    for (const offset of offsets.slice(1, finishAt)) {
      const { text, hasFinished, hasFailed } = await read([wire.subarray(0, offset)], isBroken);
      expect({ offset, isBeginning: TEXT.startsWith(text), hasFinished }).toEqual({ offset, isBeginning: true, hasFinished: false });
      if (isBroken) expect({ offset, hasFailed }).toEqual({ offset, hasFailed: true });
    }
  });
});
