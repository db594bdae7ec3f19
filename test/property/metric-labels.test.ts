import 'reflect-metadata';
import fc from 'fast-check';
import { NO_USAGE } from '../../src/common/index.js';
import type { Config } from '../../src/config/index.js';
import { VOCABULARY_BOUNDS } from '../../src/metrics/catalog/label-domain.js';
import { Metrics } from '../../src/metrics/index.js';
import { parseExposition } from '../unit/metrics/parse-exposition.js';

const config = { models: { defaultModel: 'offline/planner' } } as Config;

const anyName = fc.oneof(
  fc.string({ maxLength: 200 }),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.constantFrom('other', '', 'offline/planner', 'offline/other', '/', 'a"b', 'line\nbreak', 'back\\slash', '__proto__', 'constructor', 'hasOwnProperty'),
);

describe('I8: label values', () => {
  it('that users or models make up never add a series', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyName, { minLength: 1, maxLength: 60 }), async (names) => {
        const metrics = new Metrics(config);
        const use = (name: string): void => {
          metrics.recordRun({ intent: 'fix', model: name, outcome: 'completed', durationMs: 1, timeToFirstTokenMs: 1, tokensPerSecond: 1, usage: NO_USAGE, chargedNanoUsd: 1n, iterations: 1, toolCalls: 0, failurePattern: null });
          metrics.recordModelCall({ model: name, durationMs: 1, firstTokenMs: 1, usage: NO_USAGE, errorType: name });
          metrics.recordToolCall({ name, durationMs: 1, errorCode: name });
          metrics.recordHttpExchange({ requestId: name, method: name, route: null, status: 200, durationMs: 1 });
        };
        // Every kind of value that names can stand for: the known model, unknown ones of known and unknown providers.
        for (const name of ['offline/planner', 'offline/unheard-of', 'unheard-of']) use(name);
        const before = parseExposition(await metrics.expose());
        names.forEach(use);
        const after = parseExposition(await metrics.expose());
        for (const label of ['model', 'gen_ai_request_model', 'gen_ai_provider_name', 'gen_ai_tool_name', 'error_type', 'http_request_method']) {
          const known = new Set([...before.labelValues(label), 'gcp.gemini', 'openai', 'offline']);
          expect([...after.labelValues(label)].filter((value) => !known.has(value))).toEqual([]);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('that only code makes stay within the bound of their vocabulary', async () => {
    const metrics = new Metrics(config);
    for (let index = 0; index < 1_000; index++) {
      metrics.recordHttpExchange({ requestId: '', method: 'GET', route: `/made-up/${index}`, status: 200, durationMs: 1 });
      metrics.increment('lomu_run_failures_total', { pattern: `pattern_${index}` });
      metrics.increment('lomu_limit_refusals_total', { limit: `limit.${index}` });
      metrics.increment('lomu_job_runs_total', { scheduled_job: `job_${index}`, outcome: 'completed' });
    }
    metrics.declareModels(Array.from({ length: 1_000 }, (_, index) => `gemini/model-${index}`));
    metrics.declareTools(Array.from({ length: 1_000 }, (_, index) => `tool_${index}`));
    for (let index = 0; index < 1_000; index++) {
      metrics.recordModelCall({ model: `gemini/model-${index}`, durationMs: 1, firstTokenMs: null, usage: NO_USAGE, errorType: null });
      metrics.recordToolCall({ name: `tool_${index}`, durationMs: 1, errorCode: null });
    }
    metrics.recordModelCall({ model: 'offline/planner', durationMs: 1, firstTokenMs: null, usage: NO_USAGE, errorType: null }); // declared before all others
    const { labelValues } = parseExposition(await metrics.expose());
    const bounds = { http_route: 'route', pattern: 'pattern', limit: 'limit', scheduled_job: 'job', gen_ai_request_model: 'modelName', gen_ai_tool_name: 'tool' } as const;
    for (const [label, vocabulary] of Object.entries(bounds)) {
      expect({ label, values: labelValues(label).size }).toEqual({ label, values: VOCABULARY_BOUNDS[vocabulary] + 1 }); // and `other`
    }
  });
});
