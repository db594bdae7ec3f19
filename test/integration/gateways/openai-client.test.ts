import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import OpenAI from 'openai';
import { PrismaService } from '../../../src/database/index.js';
import { type GeminiEmulator, startGeminiEmulator, turn } from '../../support/gemini-emulator/index.js';
import { startTestApp, type TestApp } from '../../support/test-app.js';
import { createTestWorkspace, type TestWorkspace } from '../../support/test-workspace.js';

const MODEL = 'gemini/gemini-3.6-flash';
const ASKED = { model: MODEL, messages: [{ role: 'user' as const, content: 'What is in here?' }] };

let gemini: GeminiEmulator;
let workspace: TestWorkspace;
let lomu: TestApp;
let openai: OpenAI;

beforeAll(async () => {
  gemini = await startGeminiEmulator();
  workspace = await createTestWorkspace({ 'notes.md': 'nothing much' });
  lomu = await startTestApp({ workspace, environment: { ...gemini.environment, DEFAULT_MODEL: MODEL } });
  openai = new OpenAI({ apiKey: 'local', baseURL: `${lomu.url}/v1`, maxRetries: 0 });
});
afterAll(async () => {
  await lomu.close();
  await gemini.close();
  await workspace.remove();
});
beforeEach(() => gemini.reset());

describe('the openai client, unmodified', () => {
  it('streams the text of a run with a tool, its end and its usage', async () => {
    gemini.script([turn().text('Let me look. ').call('list_files', {}), turn().text('One file: notes.md.')]);
    const stream = await openai.chat.completions.create({ ...ASKED, stream: true, stream_options: { include_usage: true } });
    const chunks = [];
    for await (const chunk of stream) chunks.push(chunk);
    expect(chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('')).toMatch(/^Let me look\.\s+One file: notes\.md\.$/);
    expect(chunks.flatMap(({ choices }) => choices[0]?.finish_reason ?? [])).toEqual(['stop']);
    expect(chunks.at(-1)?.usage?.total_tokens).toBeGreaterThan(0);
  });

  it('gets the whole answer when it does not stream', async () => {
    gemini.script([turn().text('One file: notes.md.')]);
    const completion = await openai.chat.completions.create(ASKED);
    expect(completion.choices[0]).toMatchObject({ message: { content: 'One file: notes.md.' }, finish_reason: 'stop' });
    expect(completion.usage?.total_tokens).toBeGreaterThan(0);
  });

  it('lists the models', async () => {
    expect((await openai.models.list()).data.map(({ id }) => id)).toContain(MODEL);
  });

  it('gets errors before the stream in its own shape', async () => {
    await expect(openai.chat.completions.create({ ...ASKED, model: 'nobody/knows', stream: true })).rejects.toMatchObject({ code: 'unknown_model' });
  });

  it('is told within the stream when the run is stopped', async () => {
    gemini.script([turn().text('A long').stall()]);
    const stream = await openai.chat.completions.create({ ...ASKED, stream: true });
    const read = async (): Promise<void> => {
      for await (const chunk of stream) {
        if (chunk.choices[0]?.delta.content) await lomu.client.post(`/api/chat/runs/${chunk.id.replace('chatcmpl-', '')}/cancel`, {});
      }
    };
    await expect(read()).rejects.toMatchObject({ code: 'run_cancelled' });
  });

  it('gets what came and then the error when the run fails in mid-stream', async () => {
    gemini.script([turn().text('Half an answer').finish('SAFETY')]);
    const read = await readAll(await openai.chat.completions.create({ ...ASKED, stream: true }));
    expect(read).toEqual({ text: 'Half an answer', finishReasons: [], error: expect.objectContaining({ code: 'safety_stop' }) });
  });

  it('gets the status of the cause when the run fails before anything was sent, and does not repeat it unasked', async () => {
    gemini.script([turn().httpError(403, 'PERMISSION_DENIED', 'No access.'), turn().text('A second run.')]);
    const repeating = new OpenAI({ apiKey: 'local', baseURL: `${lomu.url}/v1`, maxRetries: 2 });
    await expect(repeating.chat.completions.create(ASKED)).rejects.toMatchObject({ status: 502, code: 'authentication' });
    expect(gemini.requests).toHaveLength(1);
  });

  it('fails when the connection is cut in mid-stream', async () => {
    gemini.script([turn().text('A long').stall()]);
    const requested = once(lomu.app.getHttpServer(), 'request') as Promise<[IncomingMessage]>;
    const stream = await openai.chat.completions.create({ ...ASKED, stream: true });
    const [{ socket }] = await requested;
    const read = await readAll(stream, () => socket.destroy());
    expect(read).toEqual({ text: 'A long', finishReasons: [], error: expect.objectContaining({ message: 'terminated' }) });
  });

  it('ends a run that it could not be shown', async () => {
    gemini.script([turn().text('A long').stall(), turn().text('Unseen').stall()]);
    const seen = await openai.chat.completions.create({ ...ASKED, stream: true });
    await lomu.client.put('/api/limits/stream.maxPerUser', { value: 1, reason: 'test' });
    await expect(openai.chat.completions.create({ ...ASKED, stream: true })).rejects.toMatchObject({ status: 429, code: 'limit_exceeded' });
    const { cancelReason } = await lomu.app.get(PrismaService).run.findFirstOrThrow({ orderBy: { id: 'desc' } });
    expect(cancelReason).toBe('not_shown');
    seen.controller.abort();
    await lomu.client.delete('/api/limits/stream.maxPerUser');
  });

  it('gets one run for one Idempotency-Key, which a start of another kind does not share', async () => {
    gemini.script([turn().text('First.'), turn().text('Second.')]);
    const options = { headers: { 'Idempotency-Key': 'once' } };
    const [first, again] = [await openai.chat.completions.create(ASKED, options), await openai.chat.completions.create(ASKED, options)];
    expect(again).toMatchObject({ id: first.id, choices: first.choices });
    const started = await fetch(`${lomu.url}/api/chat/runs`, { method: 'POST', headers: { 'content-type': 'application/json', 'idempotency-key': 'once' }, body: JSON.stringify({ message: 'hello' }) });
    expect(started.status).toBe(202);
    const { eventsUrl } = (await started.json()) as { eventsUrl: string };
    await (await fetch(new URL(eventsUrl, lomu.url))).text(); // its call belongs to this script
  });

  it('asks with the earlier messages and is filed under the last one', async () => {
    gemini.script([turn().text('Blue.')]);
    await openai.chat.completions.create({ ...ASKED, messages: [{ role: 'system', content: 'Be brief.' }, { role: 'user', content: 'I like blue.' }, { role: 'assistant', content: 'Noted.' }, { role: 'user', content: 'What do I like?' }] });
    expect(JSON.stringify(gemini.requests[0])).toContain('assistant: Noted.');
    const { title } = await lomu.app.get(PrismaService).conversation.findFirstOrThrow({ orderBy: { id: 'desc' } });
    expect(title).toBe('What do I like?');
  });
});

interface ReadCompletion {
  readonly text: string;
  readonly finishReasons: readonly string[];
  readonly error: unknown;
}

async function readAll(stream: AsyncIterable<OpenAI.ChatCompletionChunk>, onText: () => void = () => undefined): Promise<ReadCompletion> {
  let text = '';
  const finishReasons: string[] = [];
  try {
    for await (const { choices } of stream) {
      const [choice] = choices;
      text += choice?.delta.content ?? '';
      if (choice?.finish_reason) finishReasons.push(choice.finish_reason);
      if (choice?.delta.content) onText();
    }
    return { text, finishReasons, error: undefined };
  } catch (error) {
    return { text, finishReasons, error };
  }
}
