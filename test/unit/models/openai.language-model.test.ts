import { SystemClock } from '../../../src/common/index.js';
import type { LanguageModel, ModelError, ModelRequest } from '../../../src/models/index.js';
import { OpenAiModelProvider } from '../../../src/models/openai-compatible/openai.model-provider.js';
import { describeRemoteLanguageModel, type RemoteLanguageModelUnderTest } from '../../conformance/language-model.conformance.js';
import { turn, type TurnBuilder } from '../../support/gemini-emulator/index.js';
import { READ_FILE } from '../../support/models/declarations.js';
import { generate, requestOf, textOf } from '../../support/models/generate.js';
import { type OpenAiEmulator, startOpenAiEmulator } from '../../support/openai-emulator/index.js';

const WORDS = Array.from({ length: 40 }, (_, index) => `word ${index} `);

function providerAt(baseUrl: string, apiKey?: string): OpenAiModelProvider {
  return new OpenAiModelProvider({ models: { defaultModel: '', openai: { baseUrl, apiKey, model: 'qwen3:8b', contextTokens: 32_768 } } }, new SystemClock());
}

function modelOf(provider: OpenAiModelProvider): LanguageModel {
  const model = provider.find('qwen3:8b');
  if (!model) throw new Error('There is no such model.');
  return model;
}

async function createUnderTest(stream: boolean): Promise<RemoteLanguageModelUnderTest> {
  const emulator = await startOpenAiEmulator();
  const provider = providerAt(emulator.baseUrl);
  const prepare = (answer: TurnBuilder, request: Partial<ModelRequest> = {}): ModelRequest => {
    emulator.script([answer]);
    return requestOf('Please.', { tools: [READ_FILE], ...request });
  };
  return {
    model: modelOf(provider),
    stream,
    requests: {
      text: () => prepare(turn().thought('Let me think.').text('One ', 'and ', 'two.')),
      call: () => prepare(turn().call('read_file', { path: 'a.ts' })),
      parallelCalls: () => prepare(turn().call('read_file', { path: 'a.ts' }).call('read_file', { path: 'b.ts' })),
      tooLong: () => prepare(turn().text('Too mu').finish('MAX_TOKENS'), { maxOutputTokens: 2 }),
      callsForbidden: () => {
        emulator.respondWith(({ body }) => (body.tool_choice === 'none' ? turn().text('I may not.') : turn().call('read_file', { path: 'a.ts' })));
        return requestOf('Please.', { tools: [READ_FILE], toolMode: 'none' });
      },
      slowText: () => prepare(turn().text(...WORDS).pace(5)),
    },
    provider: {
      silence: () => prepare(turn().stall()),
      isCalled: () => emulator.calls.length > 0,
      sawClientClose: () => emulator.lastCall.sawClientClose,
    },
    close: async () => {
      provider.onApplicationShutdown();
      await emulator.close();
    },
  };
}

describeRemoteLanguageModel('openai-compatible, streamed', () => createUnderTest(true));
describeRemoteLanguageModel('openai-compatible, in one piece', () => createUnderTest(false));

describe('an OpenAI-compatible model', () => {
  let emulator: OpenAiEmulator;
  let provider: OpenAiModelProvider;
  beforeAll(async () => {
    emulator = await startOpenAiEmulator('secret');
    provider = providerAt(emulator.baseUrl, 'secret');
  });
  afterAll(async () => {
    provider.onApplicationShutdown();
    await emulator.close();
  });

  const failureOf = async (answer: TurnBuilder, stream = true): Promise<ModelError> => {
    emulator.script([answer]);
    const { error } = await generate(modelOf(provider), requestOf('Hi'), { stream, firstByteTimeoutMs: 60, idleTimeoutMs: 60 });
    return error as ModelError;
  };

  it('is sent what the API knows, with its key', async () => {
    emulator.script([turn().text('ok')]);
    await generate(modelOf(provider), requestOf('Hi', { tools: [READ_FILE], maxOutputTokens: 100_000 }));
    expect(emulator.lastCall.authorization).toBe('Bearer secret');
    expect(emulator.lastCall.body).toEqual({
      model: 'qwen3:8b',
      messages: [{ role: 'system', content: 'You are a test.' }, { role: 'user', content: 'Hi' }],
      tools: [{ type: 'function', function: { name: 'read_file', description: READ_FILE.description, parameters: READ_FILE.inputSchema } }],
      tool_choice: 'auto',
      max_tokens: 8_192, // a quarter of the window
      stream: true,
      stream_options: { include_usage: true },
    });
  });

  it('gets its answers back as they came, each call followed by its result, and only then what it is told besides', async () => {
    emulator.script([turn().text('Let me look.').call('read_file', { path: 'a.ts' }).call('read_file', { path: 'b.ts' }), turn().text('ok')]);
    const { response } = await generate(modelOf(provider), requestOf('Hi', { tools: [READ_FILE] }));
    const { answer } = response!;
    const [a, b] = answer.toolCalls;
    const results = [{ callId: a!.callId, name: 'read_file', ok: true, output: 'A' }, { callId: b!.callId, name: 'read_file', ok: false, output: 'No b.' }];
    await generate(modelOf(provider), requestOf('', { contents: [{ role: 'user', text: 'Hi' }, answer, { role: 'tool', results, nudge: 'Go on.' }], tools: [READ_FILE] }));
    expect(emulator.lastCall.body.messages.slice(2)).toEqual([
      {
        role: 'assistant',
        content: 'Let me look.',
        tool_calls: [
          { id: a!.callId, type: 'function', function: { name: 'read_file', arguments: '{"path":"a.ts"}' } },
          { id: b!.callId, type: 'function', function: { name: 'read_file', arguments: '{"path":"b.ts"}' } },
        ],
      },
      { role: 'tool', tool_call_id: a!.callId, content: 'A' },
      { role: 'tool', tool_call_id: b!.callId, content: 'Error: No b.' },
      { role: 'user', content: 'Go on.' },
    ]);
  });

  it('tells reasoning from text, in the deltas and in the usage', async () => {
    emulator.script([turn().thought('Hm.').text('Yes.').usage({ prompt: 20, cached: 15, candidates: 3, thoughts: 7 })]);
    const { response, deltas } = await generate(modelOf(provider), requestOf('Hi'));
    expect(textOf(deltas, 'reasoning')).toBe('Hm.');
    expect(response?.answer.text).toBe('Yes.');
    expect(response?.usage).toEqual({ inputTokens: 20, cachedInputTokens: 15, toolUseInputTokens: 0, outputTokens: 3, reasoningTokens: 7 });
  });

  it('that writes a call nobody can read has made a malformed one', async () => {
    emulator.script([turn().call('read_file', '{"path": "a.t')]);
    const { response } = await generate(modelOf(provider), requestOf('Hi', { tools: [READ_FILE] }));
    expect(response).toMatchObject({ finishReason: 'malformed_tool_call', answer: { toolCalls: [] } });
  });

  const cases: readonly [string, TurnBuilder, Record<string, unknown>, boolean?][] = [
    ['a rate limit with Retry-After', turn().rateLimited({ retryDelayMs: 3_000 }), { kind: 'http', status: 429, retryDelayMs: 3_000 }],
    ['an overload', turn().overloaded(), { kind: 'http', status: 503 }],
    ['a page of a proxy', turn().htmlError(502), { kind: 'http', status: 502 }],
    ['a page with status 200', turn().htmlError(200), { kind: 'stream_malformed' }],
    ['an input that is too long', turn().httpError(400, 'INVALID', "This model's maximum context length is 4096 tokens."), { kind: 'http', status: 400, reason: 'context_length_exceeded' }],
    ['an error in the stream', turn().text('Some').errorChunk(503), { kind: 'http', status: 503, hadOutput: true }, true],
    ['a clean cut', turn().text('Some').cut(), { kind: 'stream_truncated', hadOutput: true }, true],
    ['a reset', turn().text('Some').reset(), { kind: 'network', systemCode: 'ECONNRESET', hadOutput: true }, true],
    ['broken JSON', turn().text('Some').raw('data: {"choices":[}\n\n'), { kind: 'stream_malformed', hadOutput: true }, true],
    ['silence in the middle', turn().text('Some').stall(), { kind: 'idle_timeout', hadOutput: true }, true],
  ];
  it.each(cases)('types %s', async (_name, answer, expected, onlyStreamed = false) => {
    expect(await failureOf(answer, true)).toMatchObject({ name: 'ModelError', model: 'openai/qwen3:8b', ...expected });
    if (!onlyStreamed) expect(await failureOf(answer, false)).toMatchObject({ name: 'ModelError', model: 'openai/qwen3:8b', ...expected });
  });

  it('types a key that is not valid', async () => {
    const other = providerAt(emulator.baseUrl, 'other');
    const { error } = await generate(modelOf(other), requestOf('Hi'));
    other.onApplicationShutdown();
    expect(error).toMatchObject({ kind: 'http', status: 401, reason: 'invalid_api_key' });
  });

  it('loses nothing when the connection breaks after the finish reason', async () => {
    emulator.script([turn().text('Whole.').finish('STOP').reset()]);
    const { response } = await generate(modelOf(provider), requestOf('Hi'));
    expect(response?.answer.text).toBe('Whole.');
  });

  it('bounds the size of an answer in one piece too', async () => {
    emulator.script([turn().text('x'.repeat(5_000))]);
    const { error } = await generate(modelOf(provider), requestOf('Hi'), { stream: false, maxResponseBytes: 2_000 });
    expect(error).toMatchObject({ kind: 'response_too_large' });
  });
});
