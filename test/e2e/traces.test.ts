import { Logger } from '@nestjs/common';
import { OtlpTracer } from '../../src/tracing/otlp.tracer.js';
import { TracerShutdown } from '../../src/tracing/tracing.module.js';
import { type GeminiEmulator, startGeminiEmulator, turn } from '../support/gemini-emulator/index.js';
import { OtlpReceiver, type ReceivedSpan } from '../support/otlp-receiver.js';
import { startTestApp } from '../support/test-app.js';
import { createTestWorkspace, TODO_PROJECT, type TestWorkspace } from '../support/test-workspace.js';

let collector: OtlpReceiver;
let endpoint: string;

beforeEach(async () => {
  collector = new OtlpReceiver();
  endpoint = await collector.listen();
});
afterEach(() => collector.close());

describe('a run', () => {
  let gemini: GeminiEmulator;
  let workspace: TestWorkspace;

  beforeAll(async () => {
    gemini = await startGeminiEmulator();
    workspace = await createTestWorkspace(TODO_PROJECT);
  });
  afterEach(() => gemini.reset());
  afterAll(async () => {
    await gemini.close();
    await workspace.remove();
  });

  /** The spans of one run that reads a file, fails at another, and answers. */
  async function traced(environment: Record<string, string>): Promise<ReceivedSpan[]> {
    const lomu = await startTestApp({ workspace, environment: { ...gemini.environment, ...environment } });
    gemini.script([
      turn().call('search_text', { query: 'TODO' }).call('read_file', { path: 'no-such-file.txt' }).usage({ prompt: 100, cached: 40, candidates: 7 }),
      turn().text('The secret answer.').usage({ prompt: 150, candidates: 5, thoughts: 3 }),
    ]);
    expect((await lomu.client.run('What is the secret question?', { intent: 'fix' })).terminal.type).toBe('run.completed');
    await lomu.close(); // sends what waits
    return collector.spans;
  }

  it('is one trace: run, iterations, model calls and tool calls, without a word of what was said', async () => {
    const spans = await traced({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint });
    const byId = new Map(spans.map((span) => [span.spanId, span]));
    const tree = spans.map(({ name, parentSpanId }) => `${parentSpanId ? byId.get(parentSpanId)?.name : '-'} > ${name}`).sort();
    expect(tree).toEqual([
      '- > invoke_agent lomu',
      'invoke_agent lomu > iteration 1',
      'invoke_agent lomu > iteration 2',
      'iteration 1 > chat gemini-3.8-flash',
      'iteration 1 > execute_tool read_file',
      'iteration 1 > execute_tool search_text',
      'iteration 2 > chat gemini-3.8-flash',
    ]);
    expect(new Set(spans.map(({ traceId }) => traceId)).size).toBe(1);
    for (const { parentSpanId, startMs, endMs } of spans) {
      const parent = byId.get(parentSpanId ?? '');
      expect(endMs).toBeGreaterThanOrEqual(startMs);
      if (parent) expect([startMs >= parent.startMs - 1, endMs <= parent.endMs + 1]).toEqual([true, true]);
    }
    expect(spans.find(({ name }) => name.startsWith('chat'))?.attributes).toMatchObject({ 'gen_ai.operation.name': 'chat', 'gen_ai.provider.name': 'gcp.gemini', 'gen_ai.usage.input_tokens': 100, 'gen_ai.usage.output_tokens': 7, 'gen_ai.usage.cache_read.input_tokens': 40 });
    expect(spans.find(({ name }) => name.endsWith('read_file'))).toMatchObject({ isError: true, attributes: { 'error.type': 'not_found' } });
    expect(spans.find(({ name }) => name.startsWith('invoke_agent'))).toMatchObject({ isError: false, attributes: { 'lomu.run.outcome': 'completed', 'lomu.run.intent': 'fix' } });
    expect(JSON.stringify(spans)).not.toMatch(/secret|TODO|no-such-file/);
  });

  it('tells what was said when asked to', async () => {
    const spans = await traced({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT: 'true' });
    expect(JSON.stringify(spans)).toMatch(/The secret answer[^]*/);
    expect(spans.find(({ name }) => name.endsWith('search_text'))?.attributes).toMatchObject({ 'gen_ai.tool.call.arguments': '{"query":"TODO"}', 'gen_ai.tool.call.result': expect.stringContaining('TODO') });
  });
});

describe('the tracer', () => {
  const options = { version: '1', instanceId: 'i', maxQueuedSpans: 100, exportTimeoutMs: 5_000 };

  it('tracing.maxQueuedSpans: that many wait to be sent, further ones are dropped', async () => {
    const sent = async (count: number): Promise<number> => {
      collector.spans.length = 0;
      const tracer = new OtlpTracer({ ...options, endpoint, maxQueuedSpans: 10 });
      for (let span = 0; span < count; span++) tracer.startSpan('work').end();
      await tracer.close();
      return collector.spans.length;
    };
    expect([await sent(19), await sent(20), await sent(21)]).toEqual([19, 20, 20]); // the first ten are under way
  });

  it('tracing.exportTimeoutMs: a collector that does not answer is left at it, and keeps no application from ending', async () => {
    const tracer = new OtlpTracer({ ...options, endpoint, exportTimeoutMs: 200 });
    Logger.overrideLogger(false);
    collector.isSilent = true;
    tracer.startSpan('work').end();
    const startedAt = performance.now();
    await new TracerShutdown(tracer).onApplicationShutdown();
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(190);
  });
});
