import type { ModelAnswer, ModelContent, ModelRequest } from '../../../src/models/index.js';
import { type GeminiEmulator, SIGNATURE_SENTINEL, startGeminiEmulator, turn, type WirePart } from '../../support/gemini-emulator/index.js';
import { READ_FILE } from '../../support/models/declarations.js';
import { generate, requestOf } from '../../support/models/generate.js';
import { geminiAt, type GeminiUnderTest } from '../../support/models/gemini-under-test.js';

describe('Gemini on the wire', () => {
  let emulator: GeminiEmulator;
  let gemini: GeminiUnderTest;
  beforeAll(async () => {
    emulator = await startGeminiEmulator({ models: ['gemini-3.6-flash', 'gemini-3.5-flash', 'gemini-2.5-flash', 'gemini-2.0-flash'] });
    gemini = geminiAt(emulator.baseUrl);
  });
  afterEach(() => emulator.reset());
  afterAll(async () => {
    gemini.close();
    await emulator.close();
  });

  const start: ModelContent = { role: 'user', text: 'Read both files.' };
  const withTools = (contents: readonly ModelContent[], rest: Partial<ModelRequest> = {}): ModelRequest => requestOf('', { contents, tools: [READ_FILE], ...rest });

  async function ask(request: ModelRequest, { model = 'gemini-3.6-flash', stream = true } = {}): Promise<ModelAnswer> {
    const { response, error } = await generate(gemini.model(model), request, { stream });
    if (!response) throw error;
    return response.answer;
  }

  function resultsOf(answer: ModelAnswer, nudge?: string): ModelContent {
    return { role: 'tool', results: answer.toolCalls.map(({ callId, name, input }) => ({ callId, name, ok: true, output: `read ${JSON.stringify(input)}` })), ...(nudge && { nudge }) };
  }

  const sentParts = (position: number): readonly WirePart[] => emulator.lastRequest.body.contents[position]?.parts ?? [];

  it('sends the same body streamed, through the SDK, and for counting', async () => {
    emulator.respondWith(() => turn().thought('Hm.').call('read_file', { path: 'a' }).call('read_file', { path: 'b' }));
    const answer = await ask(withTools([start]));
    const request = withTools([start, answer, resultsOf(answer, 'Hurry.')], { toolMode: 'none', maxOutputTokens: 99 });
    await ask(request, { stream: true });
    await ask(request, { stream: false });
    const [streamed, unary] = emulator.requests.slice(-2);
    expect(streamed?.method).toBe('streamGenerateContent');
    expect(unary?.method).toBe('generateContent');
    expect(unary?.body).toEqual(streamed?.body);
    expect(streamed?.body).toMatchObject({
      systemInstruction: { parts: [{ text: 'You are a test.' }] },
      tools: [{ functionDeclarations: [{ name: 'read_file', parametersJsonSchema: READ_FILE.inputSchema }] }],
      toolConfig: { functionCallingConfig: { mode: 'NONE' } },
      generationConfig: { maxOutputTokens: 99, thinkingConfig: { includeThoughts: true } },
    });
    await gemini.model().countTokens(request, { signal: new AbortController().signal, timeoutMs: 5_000 });
    const { contents, systemInstruction, tools } = emulator.lastRequest.body;
    expect({ contents, systemInstruction, tools }).toEqual({ contents: streamed?.body.contents, systemInstruction: streamed?.body.systemInstruction, tools: streamed?.body.tools });
  });

  it.each([true, false])('sends raw parts back as they came, signatures of empty parts included (stream: %s)', async (stream) => {
    emulator.script([turn().thought('Let me ', 'see.').text('I read ', 'both.').call('read_file', { path: 'a' }).call('read_file', { path: 'b' }).signedText(''), turn().text('Done.')]);
    const answer = await ask(withTools([start]), { stream });
    await ask(withTools([start, answer, resultsOf(answer)]), { stream });
    const [thought, text, first, second, end, ...more] = sentParts(1);
    expect(more).toEqual([]);
    expect(thought).toEqual({ text: 'Let me see.', thought: true });
    expect(text).toEqual({ text: 'I read both.' });
    expect(first).toEqual({ functionCall: { id: expect.any(String), name: 'read_file', args: { path: 'a' } }, thoughtSignature: expect.any(String) });
    expect(second).toEqual({ functionCall: { id: expect.any(String), name: 'read_file', args: { path: 'b' } } });
    expect(end).toEqual({ text: '', thoughtSignature: expect.any(String) });
    expect(answer.raw?.parts).toEqual(sentParts(1));
  });

  it('survives a store that forgets the order of keys', async () => {
    emulator.script([turn().call('read_file', { path: 'a', z: 1, deep: { b: 1, a: 2 } }), turn().text('Done.')]);
    const answer = await ask(withTools([start]));
    const stored = JSON.parse(JSON.stringify(answer), (_key, value: unknown) =>
      typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.fromEntries(Object.entries(value).reverse()) : value,
    ) as ModelAnswer;
    await ask(withTools([start, stored, resultsOf(stored)]));
  });

  it('answers all calls in one content, with their ids, and puts a nudge after them', async () => {
    emulator.script([turn().call('read_file', { path: 'a' }).nextChunk().call('read_file', { path: 'b' }), turn().text('Done.')]);
    const answer = await ask(withTools([start]));
    await ask(withTools([start, answer, resultsOf(answer, 'Two calls left.')]));
    expect(emulator.lastRequest.body.contents).toHaveLength(3);
    expect(sentParts(2)).toEqual([
      { functionResponse: { id: answer.toolCalls[0]?.callId, name: 'read_file', response: { output: 'read {"path":"a"}' } } },
      { functionResponse: { id: answer.toolCalls[1]?.callId, name: 'read_file', response: { output: 'read {"path":"b"}' } } },
      { text: 'Two calls left.' },
    ]);
  });

  it('makes ids of its own where the provider gives none, or one that was used before, and keeps them to itself', async () => {
    emulator.script([
      turn().call('read_file', { path: 'a' }, { id: null }).call('read_file', { path: 'b' }, { id: 'same' }).call('read_file', { path: 'c' }, { id: 'same' }),
      turn().call('read_file', { path: 'd' }, { id: 'same' }),
      turn().text('Done.'),
    ]);
    const first = await ask(withTools([start]));
    const second = await ask(withTools([start, first, resultsOf(first)]));
    await ask(withTools([start, first, resultsOf(first), second, resultsOf(second)]));
    const ids = [...first.toolCalls, ...second.toolCalls].map((call) => call.callId);
    expect(new Set(ids).size).toBe(4);
    expect(ids[1]).toBe('same');
    expect(sentParts(2).map((part) => part.functionResponse?.id)).toEqual([undefined, 'same', 'same']);
  });

  it('tells the model of failed calls as errors, and of calls that were left without a result', async () => {
    emulator.script([turn().call('read_file', { path: 'a' }).call('read_file', { path: 'b' }), turn().text('Done.')]);
    const answer = await ask(withTools([start]));
    const [failed] = answer.toolCalls;
    await ask(withTools([start, answer, { role: 'tool', results: [{ callId: failed?.callId ?? '', name: 'read_file', ok: false, output: 'No such file.' }] }]));
    expect(sentParts(2).map((part) => part.functionResponse?.response)).toEqual([{ error: 'No such file.' }, { error: 'No result of this call was recorded.' }]);
  });

  it('rebuilds the answers of another model, with the documented stand-in for their signatures', async () => {
    emulator.script([turn().thought('Hm.').text('I read.').call('read_file', { path: 'a' }).call('read_file', { path: 'b' }), turn().text('Done.')]);
    const answer = await ask(withTools([start]), { model: 'gemini-3.5-flash' });
    await ask(withTools([start, answer, resultsOf(answer)]));
    expect(sentParts(1)).toEqual([
      { text: 'I read.' },
      { functionCall: { name: 'read_file', args: { path: 'a' } }, thoughtSignature: SIGNATURE_SENTINEL },
      { functionCall: { name: 'read_file', args: { path: 'b' } } },
    ]);
    expect(sentParts(2).map((part) => part.functionResponse?.id)).toEqual([undefined, undefined]);
  });

  it('leaves out an answer that has nothing to send', async () => {
    emulator.script([turn().text('Done.')]);
    await ask(withTools([start, { role: 'model', text: '', toolCalls: [] }, { role: 'user', text: 'Go on.' }]));
    expect(emulator.lastRequest.body.contents.map(({ role }) => role)).toEqual(['user', 'user']);
  });

  it('asks for thoughts only where there are any', async () => {
    emulator.respondWith(() => turn().text('Hello.'));
    await ask(requestOf('Hi'), { model: 'gemini-2.0-flash' });
    expect(emulator.lastRequest.body.generationConfig).toEqual({ maxOutputTokens: 8_192 });
    await ask(requestOf('Hi'), { model: 'gemini-2.5-flash' });
    expect(emulator.lastRequest.body.generationConfig?.thinkingConfig).toEqual({ includeThoughts: true });
    expect(emulator.lastRequest.body).not.toHaveProperty('tools');
    expect(emulator.lastRequest.body).not.toHaveProperty('toolConfig');
  });

  it('separates thoughts from the answer and counts each kind of token once', async () => {
    emulator.script([turn().thought('Think.').text('An', 'swer.').usage({ prompt: 100, cached: 60, toolUse: 5, candidates: 7, thoughts: 11 })]);
    const { response, deltas, usages } = await generate(gemini.model(), requestOf('Hi'));
    expect(deltas).toEqual([
      { type: 'reasoning', text: 'Think.' },
      { type: 'text', text: 'An' },
      { type: 'text', text: 'swer.' },
    ]);
    expect(response?.usage).toEqual({ inputTokens: 100, cachedInputTokens: 60, toolUseInputTokens: 5, outputTokens: 7, reasoningTokens: 11 });
    expect(usages.map((usage) => usage.outputTokens)).toEqual([0, 5, 7]);
  });

  it('asks for an uncompressed stream with the key in a header only', async () => {
    emulator.script([turn().text('Hello.')]);
    await ask(requestOf('Hi'));
    expect(emulator.lastRequest.headers).toMatchObject({ 'accept-encoding': 'identity', 'x-goog-api-key': 'emulator-key', 'content-type': 'application/json' });
  });

  it('uses one connection for calls one after the other', async () => {
    emulator.respondWith(() => turn().text('Hello.'));
    const fresh = geminiAt(emulator.baseUrl);
    const before = await emulator.connectionCount();
    for (let call = 0; call < 5; call++) await generate(fresh.model(), requestOf('Hi'));
    expect((await emulator.connectionCount()) - before).toBe(1);
    fresh.close();
  });
});
