import fc from 'fast-check';
import { ModelError } from '../../src/models/index.js';
import { type GeminiEmulator, startGeminiEmulator, turn, type TurnBuilder } from '../support/gemini-emulator/index.js';
import { generate, requestOf, textOf } from '../support/models/generate.js';
import { geminiAt, type GeminiUnderTest } from '../support/models/gemini-under-test.js';

describe('Gemini adapter, whatever comes', () => {
  let emulator: GeminiEmulator;
  let gemini: GeminiUnderTest;
  beforeAll(async () => {
    emulator = await startGeminiEmulator();
  });
  beforeEach(() => {
    gemini = geminiAt(emulator.baseUrl);
  });
  afterEach(() => {
    gemini.close();
    emulator.reset();
  });
  afterAll(() => emulator.close());

  const garbage = fc.oneof(
    fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)),
    fc.json().map((json) => Buffer.from(`data: ${json}\n\n`)),
    // Nearly right, with anything where something was promised.
    fc
      .tuple(fc.jsonValue(), fc.jsonValue(), fc.jsonValue(), fc.jsonValue())
      .map(([parts, finishReason, usageMetadata, call]) => ({ candidates: [{ content: { parts: [{ text: parts, functionCall: call }] }, finishReason }], usageMetadata }))
      .map((chunk) => Buffer.from(`data: ${JSON.stringify(chunk)}\r\n\r\n`)),
    fc.jsonValue().map((part) => Buffer.from(`data: ${JSON.stringify({ candidates: [{ content: { parts: [part] } }] })}\n\n`)),
    fc.jsonValue().map((error) => Buffer.from(`data: ${JSON.stringify({ error })}\n\n`)),
    fc.jsonValue().map((candidates) => Buffer.from(`data: ${JSON.stringify({ candidates, promptFeedback: candidates })}\n\n`)),
  );
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.string({ minLength: 1 }).map((text) => (builder: TurnBuilder) => builder.text(text)) },
    { weight: 3, arbitrary: garbage.map((bytes) => (builder: TurnBuilder) => builder.raw(bytes)) },
    fc.constantFrom<(builder: TurnBuilder) => TurnBuilder>(
      (builder) => builder.finish('STOP'),
      (builder) => builder.cut(),
      (builder) => builder.errorChunk(),
      (builder) => builder.reset(),
      (builder) => builder.call('read_file', { path: 'a' }),
    ),
  );

  it.each([true, false])('ends in an answer or a ModelError and delivers no text that is not in the answer (stream: %s)', async (stream) => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 6 }), async (steps) => {
        emulator.respondWith(() => steps.reduce((builder, apply) => apply(builder), turn()));
        const { response, error, deltas } = await generate(gemini.model(), requestOf('Hi'), { stream, firstByteTimeoutMs: 2_000, idleTimeoutMs: 2_000 });
        if (response) expect(textOf(deltas)).toBe(response.answer.text);
        else expect(error).toBeInstanceOf(ModelError);
      }),
      { numRuns: 150 },
    );
  });
});
