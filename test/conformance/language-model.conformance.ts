import { totalTokens } from '../../src/common/index.js';
import { type LanguageModel, ModelError, type ModelRequest, type ModelResponse } from '../../src/models/index.js';
import { generate, textOf } from '../support/models/generate.js';

export interface LanguageModelUnderTest {
  readonly model: LanguageModel;
  /** Whether the answers are asked for as a stream. */
  readonly stream: boolean;
  /** Each makes the provider ready, where there is one, and gives the request that leads to the answer it is named after. */
  readonly requests: {
    /** A few sentences, no calls. */
    text(): ModelRequest;
    /** At least one call of an offered tool. */
    call(): ModelRequest;
    /** At least two calls at once. */
    parallelCalls(): ModelRequest;
    /** More text than `maxOutputTokens` allows. */
    tooLong(): ModelRequest;
    /** Would call a tool, but `toolMode` is `none`. */
    callsForbidden(): ModelRequest;
    /** Text that takes at least 100 ms to arrive. */
    slowText(): ModelRequest;
  };
  close(): Promise<void>;
}

/** A model behind a connection. */
export interface RemoteLanguageModelUnderTest extends LanguageModelUnderTest {
  readonly provider: {
    /** It never answers this. */
    silence(): ModelRequest;
    isCalled(): boolean;
    /** Resolves when it has seen the end of the last call: whether the client closed the connection under an unfinished answer. */
    sawClientClose(): Promise<boolean>;
  };
}

/** What every LanguageModel has to do that is reached over a network. */
export function describeRemoteLanguageModel(adapter: string, create: () => Promise<RemoteLanguageModelUnderTest>): void {
  describeLanguageModel(adapter, create);

  describe(`LanguageModel: ${adapter}, its connection`, () => {
    let subject: RemoteLanguageModelUnderTest;
    beforeEach(async () => {
      subject = await create();
    });
    afterEach(() => subject.close());

    it('is closed at once when the call is aborted', async () => {
      const controller = new AbortController();
      const poll = setInterval(() => subject.provider.isCalled() && controller.abort(), 5);
      await generate(subject.model, subject.requests.slowText(), { stream: subject.stream, signal: controller.signal });
      clearInterval(poll);
      expect(await subject.provider.sawClientClose()).toBe(true);
    });

    it('is given up and closed when nothing comes', async () => {
      const { error } = await generate(subject.model, subject.provider.silence(), { stream: subject.stream, firstByteTimeoutMs: 500, idleTimeoutMs: 500 });
      expect(error).toBeInstanceOf(ModelError);
      expect(error).toMatchObject({ kind: 'first_byte_timeout', hadOutput: false, model: subject.model.id });
      expect(await subject.provider.sawClientClose()).toBe(true);
    });
  });
}

/** What every LanguageModel has to do. */
export function describeLanguageModel(adapter: string, create: () => Promise<LanguageModelUnderTest>): void {
  describe(`LanguageModel: ${adapter}`, () => {
    let subject: LanguageModelUnderTest;
    let stream: boolean;

    beforeEach(async () => {
      subject = await create();
      stream = subject.stream;
    });
    afterEach(() => subject.close());

    async function answerTo(request: ModelRequest): Promise<ModelResponse> {
      const { response, error } = await generate(subject.model, request, { stream });
      if (!response) throw error;
      return response;
    }

    it('has an id of provider/model and sizes', () => {
      expect(subject.model.id).toMatch(/^[a-z0-9-]+\/\S+$/);
      expect(subject.model.contextWindowTokens).toBeGreaterThan(subject.model.maxOutputTokens);
    });

    it('answers with text whose deltas, joined, are the text', async () => {
      const { response, deltas } = await generate(subject.model, subject.requests.text(), { stream });
      expect(response).toMatchObject({ finishReason: 'stop', answer: { role: 'model', toolCalls: [] } });
      expect(response?.answer.text).not.toBe('');
      expect(textOf(deltas)).toBe(response?.answer.text);
      if (stream) expect(deltas.length).toBeGreaterThan(1);
    });

    it('calls offered tools with an object as input and ids that differ', async () => {
      const request = subject.requests.call();
      const { finishReason, answer } = await answerTo(request);
      expect(finishReason).toBe('stop');
      expect(answer.toolCalls.length).toBeGreaterThan(0);
      for (const call of answer.toolCalls) {
        expect(request.tools.map((tool) => tool.name)).toContain(call.name);
        expect(call.input).toEqual(expect.any(Object));
        expect(call.callId).not.toBe('');
      }
    });

    it('keeps parallel calls apart', async () => {
      const { answer } = await answerTo(subject.requests.parallelCalls());
      expect(answer.toolCalls.length).toBeGreaterThan(1);
      expect(new Set(answer.toolCalls.map((call) => call.callId)).size).toBe(answer.toolCalls.length);
      expect(new Set(answer.toolCalls.map((call) => JSON.stringify(call.input))).size).toBe(answer.toolCalls.length);
    });

    it('goes on from its own answer and the results of its calls, with new call ids', async () => {
      const first = subject.requests.call();
      const { answer } = await answerTo(first);
      const results = answer.toolCalls.map(({ callId, name }) => ({ callId, name, ok: false, output: 'Not found.' }));
      const { contents, ...rest } = subject.requests.call();
      const next = await answerTo({ ...rest, contents: [...contents, answer, { role: 'tool', results }] });
      const used = new Set(answer.toolCalls.map((call) => call.callId));
      expect(next.answer.toolCalls.filter((call) => used.has(call.callId))).toEqual([]);
    });

    it('makes no call when calls are forbidden', async () => {
      const { answer, finishReason } = await answerTo(subject.requests.callsForbidden());
      expect(finishReason).toBe('stop');
      expect(answer.toolCalls).toEqual([]);
      expect(answer.text).not.toBe('');
    });

    it('says so when it runs out of output tokens', async () => {
      const { finishReason } = await answerTo(subject.requests.tooLong());
      expect(finishReason).toBe('length');
    });

    it('reports usage that grows to what the response says', async () => {
      const { response, usages } = await generate(subject.model, subject.requests.text(), { stream });
      expect(response?.usage.inputTokens).toBeGreaterThan(0);
      expect(response?.usage.outputTokens).toBeGreaterThan(0);
      expect(response?.usage.cachedInputTokens).toBeLessThanOrEqual(response?.usage.inputTokens ?? 0);
      expect(usages.at(-1)).toEqual(response?.usage);
      const totals = usages.map(totalTokens);
      expect(totals).toEqual([...totals].sort((a, b) => a - b));
    });

    it('counts the tokens of a request', async () => {
      const options = { signal: new AbortController().signal, timeoutMs: 5_000 };
      expect(await subject.model.countTokens(subject.requests.text(), options)).toBeGreaterThan(0);
      await expect(subject.model.countTokens(subject.requests.text(), { ...options, signal: AbortSignal.abort(new Error('gone')) })).rejects.toThrow('gone');
    });

    it('does nothing when it is aborted before it starts', async () => {
      const reason = new Error('stopped by the user');
      const { error, deltas } = await generate(subject.model, subject.requests.text(), { stream, signal: AbortSignal.abort(reason) });
      expect(error).toBe(reason);
      expect(deltas).toEqual([]);
    });

    it('stops in the middle of an answer, with the reason of the signal', async () => {
      const reason = new Error('stopped by the user');
      const controller = new AbortController();
      const stop = (): void => controller.abort(reason);
      const timer = stream ? undefined : setTimeout(stop, 50);
      const { error, deltas } = await generate(subject.model, subject.requests.slowText(), { stream, signal: controller.signal, onDelta: stop });
      clearTimeout(timer);
      expect(error).toBe(reason);
      expect(deltas).toHaveLength(stream ? 1 : 0);
    });
  });
}
