import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type GeminiEmulator, startGeminiEmulator, turn } from '../support/gemini-emulator/index.js';
import { hasPrometheus, type PrometheusServer, startPrometheus, until } from '../support/prometheus.js';
import { startTestApp, type TestApp } from '../support/test-app.js';
import { parseExposition } from '../unit/metrics/parse-exposition.js';

const OPS = fileURLToPath(new URL('../../ops/prometheus', import.meta.url));
const COMPLETED = 6;
const FAILED = 2;

const promtool = (args: readonly string[], input = '') => {
  const { status, stdout, stderr } = spawnSync('promtool', args, { cwd: OPS, input, encoding: 'utf8' });
  return { status, output: stdout + stderr };
};

(hasPrometheus ? describe : describe.skip)(`a real Prometheus${hasPrometheus ? '' : ' (skipped: it is not installed)'}`, () => {
  let gemini: GeminiEmulator;
  let lomu: TestApp;
  let prometheus: PrometheusServer;
  let scrape: string;

  beforeAll(async () => {
    gemini = await startGeminiEmulator();
    lomu = await startTestApp({ environment: { ...gemini.environment, SIGNUP_CREDITS: '1000000', LIMIT_RETRY_MAX_PER_RUN: '0' } });
    for (let run = 0; run < COMPLETED; run++) {
      gemini.script([turn().call('list_files', {}).usage({ prompt: 100, candidates: 10 }), turn().text('Done.').usage({ prompt: 120, candidates: 5 })]);
      expect((await lomu.client.run('go', { intent: 'fix' })).terminal.type).toBe('run.completed');
    }
    gemini.respondWith(() => turn().httpError(400, 'INVALID_ARGUMENT', 'No.'));
    for (let run = 0; run < FAILED; run++) expect((await lomu.client.run('go', { intent: 'fix' })).terminal.type).toBe('run.failed');
    scrape = await (await fetch(`${lomu.url}/metrics`)).text();
    prometheus = await startPrometheus(new URL(lomu.url).host);
  }, 120_000);
  afterAll(async () => {
    await prometheus.close();
    await lomu.close();
    await gemini.close();
  });

  it('accepts configuration and rules, whose cases fire and stay silent', () => {
    expect(promtool(['check', 'config', 'prometheus.yml'])).toMatchObject({ status: 0 });
    expect(promtool(['test', 'rules', 'tests/alerts.test.yml'])).toMatchObject({ status: 0, output: expect.stringContaining('SUCCESS') });
  });

  it('finds nothing wrong with a scrape of a server that has worked', () => {
    expect(parseExposition(scrape).value('lomu_runs_total', { intent: 'fix', model: 'gemini/gemini-3.8-flash', outcome: 'completed' })).toBe(COMPLETED);
    expect(promtool(['check', 'metrics'], scrape)).toEqual({ status: 0, output: '' });
  });

  it('is up, and counts what the database counts', async () => {
    const count = async (expression: string): Promise<number | undefined> => (await prometheus.query(expression))[0]?.value;
    await until(async () => (await count('sum(lomu_runs_total)')) === COMPLETED + FAILED);
    expect(await prometheus.query('up')).toEqual([{ metric: expect.objectContaining({ job: 'lomu' }), value: 1 }]);

    const { prisma } = lomu.database;
    const finished = async (status: string): Promise<number> => prisma.run.count({ where: { status } });
    expect(await count('sum(lomu_runs_total{outcome="completed"})')).toBe(await finished('completed'));
    expect(await count('sum(lomu_runs_total{outcome="failed"})')).toBe(await finished('failed'));
    const { _sum: usage } = await prisma.usageRecord.aggregate({ _sum: { inputTokens: true, outputTokens: true, chargedNanoUsd: true } });
    expect(await count('sum(gen_ai_client_inference_usage_input_tokens_total)')).toBe(usage.inputTokens);
    expect(await count('sum(gen_ai_client_inference_usage_output_tokens_total)')).toBe(usage.outputTokens);
    expect(await count('sum(lomu_charged_dollars_total)')).toBeCloseTo(Number(usage.chargedNanoUsd) / 1e9, 9);
    expect(await count('sum(gen_ai_execute_tool_duration_seconds_count)')).toBe(await prisma.toolCall.count());
    expect(await count('histogram_quantile(0.95, sum by (le) (lomu_run_duration_seconds_bucket))')).toBeGreaterThan(0);
  }, 90_000);
});
