import { GoogleGenerativeAI } from '@google/generative-ai';
import { type GeminiEmulator, SIGNATURE_SENTINEL, startGeminiEmulator, turn, type WireContent, type WirePart } from '../../support/gemini-emulator/index.js';

describe('Gemini emulator', () => {
  let emulator: GeminiEmulator;
  beforeAll(async () => {
    emulator = await startGeminiEmulator();
  });
  afterEach(() => emulator.reset());
  afterAll(() => emulator.close());

  const user = (text: string): WireContent => ({ role: 'user', parts: [{ text }] });
  const respond = (...parts: WirePart[]): WireContent => ({ role: 'user', parts });
  const declare = { tools: [{ functionDeclarations: [{ name: 'read_file', parametersJsonSchema: { type: 'object' } }] }] };

  async function post(path: string, body: unknown, key: string | null = emulator.apiKey): Promise<Response> {
    return fetch(`${emulator.baseUrl}/v1beta/models/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(key !== null && { 'x-goog-api-key': key }) },
      body: JSON.stringify(body),
    });
  }

  async function refusal(response: Response): Promise<{ status: number; message: string }> {
    const { error } = (await response.json()) as { error: { message: string } };
    return { status: response.status, message: error.message };
  }

  it('is understood by the real SDK, streamed and not, with the same text and usage', async () => {
    const answer = turn().thought('Hm.').text('Hello', ' there', '.').usage({ prompt: 12, candidates: 7, thoughts: 3 });
    emulator.script([answer, answer]);
    const model = new GoogleGenerativeAI(emulator.apiKey).getGenerativeModel({ model: 'gemini-3.6-flash' }, { baseUrl: emulator.baseUrl });
    const streamed = await model.generateContentStream('Hi');
    let text = '';
    for await (const chunk of streamed.stream) text += chunk.text();
    const unary = await model.generateContent('Hi');
    expect(text).toBe('Hm.Hello there.');
    expect(unary.response.text()).toBe(text);
    expect(unary.response.usageMetadata).toEqual((await streamed.response).usageMetadata ?? unary.response.usageMetadata);
    expect(unary.response.usageMetadata).toMatchObject({ promptTokenCount: 12, candidatesTokenCount: 7, thoughtsTokenCount: 3, totalTokenCount: 22 });
    expect(emulator.servedUsage).toEqual({ calls: 2, promptTokens: 24, cachedTokens: 0, toolUseTokens: 0, candidateTokens: 14, thoughtTokens: 6 });
    expect((await model.countTokens('Hello')).totalTokens).toBeGreaterThan(0);
  });

  it('refuses what the service refuses', async () => {
    const path = 'gemini-3.6-flash:generateContent';
    const body = { contents: [user('Hi')] };
    expect((await post('nope:generateContent', body)).status).toBe(404);
    expect((await post(path, body, null)).status).toBe(403);
    expect(await refusal(await post(path, body, 'other-key'))).toMatchObject({ status: 400, message: expect.stringContaining('API key not valid') });
    expect(await refusal(await post(path, { ...body, temprature: 1 }))).toMatchObject({ status: 400, message: expect.stringContaining('Unknown name') });
    expect((await post(path, { contents: [] })).status).toBe(400);
    expect(emulator.callCount).toBe(0);
  });

  it('holds calls and responses to each other, and signatures to their parts', async () => {
    const path = 'gemini-3.6-flash:generateContent';
    emulator.script([turn().call('read_file', { path: 'a', deep: { b: 1, a: 2 } }).call('read_file', { path: 'b' })]);
    const answer = (await (await post(path, { ...declare, contents: [user('Read')] })).json()) as { candidates: [{ content: { parts: [WirePart, WirePart] } }] };
    const [first, second] = answer.candidates[0].content.parts;
    const [one, two] = [first, second].map((part): WirePart => ({ functionResponse: { id: part.functionCall?.id, name: 'read_file', response: { output: 'x' } } })) as [WirePart, WirePart];
    const send = async (calls: WirePart[], responses: WirePart[], model = 'gemini-3.6-flash') =>
      refusal(await post(`${model}:generateContent`, { ...declare, contents: [user('Read'), { role: 'model', parts: calls }, respond(...responses)] })).catch(() => 'accepted');

    expect(first.thoughtSignature).toBeDefined();
    expect(second.thoughtSignature).toBeUndefined();
    expect(await send([first, second], [one])).toMatchObject({ status: 400, message: expect.stringContaining('number of function response parts') });
    expect(await send([first, second], [two, one])).toMatchObject({ status: 400 });
    expect(await send([{ functionCall: first.functionCall }, second], [one, two])).toMatchObject({ message: expect.stringContaining('missing a thought_signature') });
    const changed = { ...first, functionCall: { name: 'read_file', ...first.functionCall, args: { path: 'other' } } };
    expect(await send([changed, second], [one, two])).toMatchObject({ message: 'Corrupted thought signature.' });
    expect(await send([first, second], [one, two], 'gemini-3.5-flash')).toMatchObject({ message: 'Corrupted thought signature.' });

    emulator.respondWith(() => turn().text('Done.'));
    expect(await send([first, second], [one, two])).toBe('accepted');
    const reordered = { ...first, functionCall: { name: 'read_file', id: first.functionCall?.id, args: { deep: { a: 2, b: 1 }, path: 'a' } } };
    expect(await send([reordered, second], [one, two])).toBe('accepted');
    expect(await send([{ ...first, thoughtSignature: SIGNATURE_SENTINEL }, second], [one, two], 'gemini-3.5-flash')).toBe('accepted');
  });

  it('lets usage grow with each chunk, the first without candidates', async () => {
    emulator.script([turn().text('a', 'b', 'c', 'd').usage({ prompt: 5, candidates: 8 })]);
    const text = await (await post('gemini-3.6-flash:streamGenerateContent?alt=sse', { contents: [user('Hi')] })).text();
    const chunks = text.split('\r\n\r\n').filter(Boolean).map((event) => JSON.parse(event.slice('data: '.length)) as { usageMetadata: { candidatesTokenCount?: number } });
    expect(chunks.map((chunk) => chunk.usageMetadata.candidatesTokenCount)).toEqual([undefined, 4, 6, 8]);
    expect(await emulator.lastRequest.ended).toBe('completed');
  });

  it('notices that a client went away', async () => {
    emulator.script([turn().text('a').stall()]);
    const stop = new AbortController();
    const response = await fetch(`${emulator.baseUrl}/v1beta/models/gemini-3.6-flash:streamGenerateContent?alt=sse`, {
      method: 'POST',
      headers: { 'x-goog-api-key': emulator.apiKey },
      body: JSON.stringify({ contents: [user('Hi')] }),
      signal: stop.signal,
    });
    await response.body?.getReader().read();
    stop.abort();
    expect(await emulator.lastRequest.ended).toBe('client_closed');
    expect(emulator.servedUsage.calls).toBe(1);
  });
});
