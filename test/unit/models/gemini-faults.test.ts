import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ModelError, type ModelErrorDetails } from '../../../src/models/index.js';
import { type GeminiEmulator, startGeminiEmulator, turn, type TurnBuilder } from '../../support/gemini-emulator/index.js';
import { generate, requestOf, textOf } from '../../support/models/generate.js';
import { geminiAt, type GeminiUnderTest } from '../../support/models/gemini-under-test.js';

type Expected = Partial<ModelErrorDetails>;

/** Short enough for a test, long enough for a busy machine. */
const TIMEOUTS = { firstByteTimeoutMs: 300, idleTimeoutMs: 300 };

describe('Gemini faults', () => {
  let emulator: GeminiEmulator;
  let gemini: GeminiUnderTest;

  beforeAll(async () => {
    emulator = await startGeminiEmulator();
  });
  beforeEach(() => {
    gemini = geminiAt(emulator.baseUrl);
  });
  afterEach(async () => {
    gemini.close();
    emulator.reset();
    // Jest fails a test on an unhandled rejection; this gives a late one the time to show.
    await new Promise((resolve) => setImmediate(resolve));
  });
  afterAll(() => emulator.close());

  async function failureOf(answer: TurnBuilder, stream: boolean): Promise<ModelError> {
    emulator.script([answer]);
    const { error, response } = await generate(gemini.model(), requestOf('Hi'), { ...TIMEOUTS, stream });
    expect(response).toBeUndefined();
    expect(error).toBeInstanceOf(ModelError);
    return error as ModelError;
  }

  describe.each([true, false])('before any output (stream: %s)', (stream) => {
    const cases: readonly [string, TurnBuilder, Expected][] = [
      ['a rate limit with a delay', turn().rateLimited({ retryDelayMs: 34_500 }), { kind: 'http', status: 429, reason: 'RESOURCE_EXHAUSTED', retryDelayMs: 34_500 }],
      ['an exhausted daily quota', turn().rateLimited({ quotaId: 'GenerateRequestsPerDayPerProjectPerModel-FreeTier' }), { kind: 'http', status: 429, quotaId: 'GenerateRequestsPerDayPerProjectPerModel-FreeTier', retryDelayMs: undefined }],
      ['an overload', turn().overloaded(), { kind: 'http', status: 503, reason: 'UNAVAILABLE' }],
      ['an internal error', turn().httpError(500, 'INTERNAL', 'An internal error has occurred.'), { kind: 'http', status: 500, reason: 'INTERNAL' }],
      ['an HTML page of a proxy', turn().htmlError(502), { kind: 'http', status: 502, reason: 'UNAVAILABLE' }],
      ['an HTML page with status 200', turn().htmlError(200), { kind: 'stream_malformed' }],
      ['an input that is too long', turn().httpError(400, 'INVALID_ARGUMENT', 'The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).'), { kind: 'http', status: 400, reason: 'INPUT_TOO_LONG' }],
      ['another bad request', turn().httpError(400, 'INVALID_ARGUMENT', 'Please use a valid role.'), { kind: 'http', status: 400, reason: 'INVALID_ARGUMENT' }],
      ['a refused prompt', turn().blocked('PROHIBITED_CONTENT').usage({ prompt: 9 }), { kind: 'blocked', reason: 'PROHIBITED_CONTENT', usage: { inputTokens: 9, cachedInputTokens: 0, toolUseInputTokens: 0, outputTokens: 0, reasoningTokens: 0 } }],
      ['an answer with nothing in it', turn().cut(), { kind: 'stream_truncated' }],
      ['a reset', turn().reset(), { kind: 'network' }],
      ['silence', turn().stall(), { kind: 'first_byte_timeout' }],
    ];
    it.each(cases)('types %s', async (_name, answer, expected) => {
      expect(await failureOf(answer, stream)).toMatchObject({ name: 'ModelError', model: 'gemini/gemini-3.6-flash', hadOutput: false, ...expected });
    });

    it('types a key that is not valid', async () => {
      const other = geminiAt(emulator.baseUrl, 'other-key');
      const { error } = await generate(other.model(), requestOf('Hi'), { stream });
      other.close();
      expect(error).toMatchObject({ kind: 'http', status: 400, reason: 'API_KEY_INVALID', message: expect.stringContaining('API key not valid') });
    });

    it('types a model that does not exist', async () => {
      const { error } = await generate(gemini.model('gemini-0-none'), requestOf('Hi'), { stream });
      expect(error).toMatchObject({ kind: 'http', status: 404, reason: 'NOT_FOUND' });
    });

    it('types a port where nobody listens', async () => {
      const nowhere = geminiAt(await closedPort());
      const { error } = await generate(nowhere.model(), requestOf('Hi'), { stream });
      nowhere.close();
      expect(error).toBeInstanceOf(ModelError);
      expect(error).toMatchObject({ kind: 'network', systemCode: stream ? 'ECONNREFUSED' : undefined });
    });

    it('bounds the size of an answer', async () => {
      emulator.script([turn().text('x'.repeat(5_000))]);
      const { error } = await generate(gemini.model(), requestOf('Hi'), { stream, maxResponseBytes: 2_000 });
      expect(error).toMatchObject({ kind: 'response_too_large' });
    });
  });

  describe('in the middle of a stream', () => {
    const begun = (): TurnBuilder => turn().text('Some ', 'text ').usage({ prompt: 10, candidates: 6 });
    const cases: readonly [string, TurnBuilder, Expected][] = [
      ['an error chunk', begun().errorChunk(503, 'UNAVAILABLE'), { kind: 'http', status: 503, reason: 'UNAVAILABLE' }],
      ['a bare JSON error', begun().raw('{\n  "error": {\n    "code": 500,\n    "message": "Internal",\n    "status": "INTERNAL"\n  }\n}\n'), { kind: 'http', status: 500, reason: 'INTERNAL' }],
      ['a clean cut', begun().cut(), { kind: 'stream_truncated' }],
      ['a cut inside an event', begun().raw('data: {"candidates":[{"content":{"pa'), { kind: 'stream_truncated' }],
      ['a reset', begun().reset(), { kind: 'network', systemCode: 'ECONNRESET' }],
      ['broken JSON', begun().raw('data: {"candidates":[}\r\n\r\n'), { kind: 'stream_malformed' }],
      ['JSON that is no response', begun().raw('data: [1]\r\n\r\n'), { kind: 'stream_malformed' }],
      ['an HTML page', begun().raw('<html><body>Bad gateway</body></html>\n'), { kind: 'stream_malformed' }],
      ['silence', begun().stall(), { kind: 'idle_timeout' }],
    ];
    it.each(cases)('types %s and keeps what was used', async (_name, answer, expected) => {
      const error = await failureOf(answer, true);
      expect(error).toMatchObject({ ...expected, hadOutput: true });
      expect(error.usage).toMatchObject({ inputTokens: 10, outputTokens: 6 });
    });

    it('closes the connection of a stalled stream', async () => {
      await failureOf(begun().stall(), true);
      expect(await emulator.lastRequest.ended).toBe('client_closed');
    });
  });

  it('does not let what happens after the finish reason spoil an answer', async () => {
    for (const answer of [turn().text('Done.').finish('STOP').reset(), turn().text('Done.').finish('STOP').stall(), turn().text('Done.').finish('STOP').raw('<html>\n')]) {
      emulator.script([answer]);
      const { response } = await generate(gemini.model(), requestOf('Hi'), TIMEOUTS);
      expect(response).toMatchObject({ finishReason: 'stop', answer: { text: 'Done.' } });
    }
  });

  it.each([
    ['SAFETY', 'safety'],
    ['RECITATION', 'safety'],
    ['MALFORMED_FUNCTION_CALL', 'malformed_tool_call'],
    ['UNEXPECTED_TOOL_CALL', 'malformed_tool_call'],
    ['A_WORD_OF_NEXT_YEAR', 'other'],
    ['constructor', 'other'],
  ])('reads the finish reason %s as %s', async (word, finishReason) => {
    emulator.script([turn().finish(word), turn().finish(word)]);
    for (const stream of [true, false]) {
      const { response } = await generate(gemini.model(), requestOf('Hi'), { stream });
      expect(response).toMatchObject({ finishReason, rawFinishReason: word, answer: { text: '', toolCalls: [] } });
    }
  });

  it('tells an answer that only thinks from one that is cut off', async () => {
    emulator.script([turn().thought('Hm.', ' Well.').usage({ thoughts: 5, candidates: 0 })]);
    const { response, deltas } = await generate(gemini.model(), requestOf('Hi'));
    expect(response).toMatchObject({ finishReason: 'stop', answer: { text: '', toolCalls: [] }, usage: { outputTokens: 0, reasoningTokens: 5 } });
    expect(textOf(deltas, 'reasoning')).toBe('Hm. Well.');
  });

  it('reads unusual but lawful framing', async () => {
    const event = (text: string, rest = ''): string => JSON.stringify({ candidates: [{ content: { parts: [{ text }] }, index: 0 }] }).replace('"index"', `${rest}"index"`);
    const framing = [`: keep-alive\n\n`, `event: message\ndata:${event('a\u2028')}\n\n`, `id: 1\r\ndata: ${event('é🦥')}\r\n\r\n`, `data: ${event('z', '"finishReason":"STOP",')}`];
    emulator.script([turn().raw(framing.join(''))]);
    const { response } = await generate(gemini.model(), requestOf('Hi'));
    expect(response?.answer.text).toBe('a\u2028é🦥z');
  });

  it('takes one event of 4 MiB', async () => {
    const text = 'x'.repeat(4 * 1024 * 1024);
    emulator.script([turn().text(text)]);
    const { response } = await generate(gemini.model(), requestOf('Hi'));
    expect(response?.answer.text.length).toBe(text.length);
  });

  it('tries again when the server has closed a pooled connection', async () => {
    const answered = new WeakSet<object>();
    // Promises to keep the connection, and resets it as soon as the next request comes in.
    await against(
      (request, response) => {
        if (answered.has(request.socket)) return void request.socket.resetAndDestroy();
        answered.add(request.socket);
        const chunk = { candidates: [{ content: { parts: [{ text: 'ok' }] }, finishReason: 'STOP', index: 0 }] };
        request.resume().on('end', () => response.writeHead(200, { 'content-type': 'text/event-stream' }).end(`data: ${JSON.stringify(chunk)}\n\n`));
      },
      async (client) => {
        for (let call = 0; call < 5; call++) {
          const { response, error } = await generate(client.model(), requestOf('Hi'));
          expect(error).toBeUndefined();
          expect(response?.answer.text).toBe('ok');
        }
      },
    );
  });

  it('takes the status of an error whose document breaks off', async () => {
    await against(
      (_request, response) => {
        response.writeHead(503, { 'content-type': 'application/json', 'retry-after': '4', 'content-length': 500 }).write('{"error":{"code":5', () => setTimeout(() => response.socket?.resetAndDestroy(), 10));
      },
      async (client) => {
        const { error } = await generate(client.model(), requestOf('Hi'));
        expect(error).toMatchObject({ kind: 'http', status: 503, reason: 'UNAVAILABLE', retryDelayMs: 4_000 });
      },
    );
  });

  it('refuses a compressed stream, which would come in lumps', async () => {
    await against(
      (_request, response) => void response.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' }).end('x'),
      async (client) => {
        const { error } = await generate(client.model(), requestOf('Hi'));
        expect(error).toMatchObject({ kind: 'stream_malformed', message: expect.stringContaining('gzip') });
      },
    );
  });
});

/** The adapter against a server that does what no emulator would. */
async function against(serve: RequestListener, check: (client: GeminiUnderTest) => Promise<void>): Promise<void> {
  const server = createServer(serve).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const client = geminiAt(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  try {
    await check(client);
  } finally {
    client.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

async function closedPort(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}
