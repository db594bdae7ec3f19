import fc from 'fast-check';
import { FailureDetectionService, type FailureSignal, type RecoveryHistory, type RecoveryLimits } from '../../src/failure-detection/index.js';
import { canonicalJson } from '../../src/failure-detection/detectors/canonical-json.js';
import { healthyTrajectories } from '../support/failure-detection/healthy-trajectories.js';
import { loopTrajectories } from '../support/failure-detection/loop-trajectories.js';
import { watch } from '../support/failure-detection/watch-trajectory.js';
import type { Trajectory } from '../support/failure-detection/trajectory.js';

const optional = <Value>(arbitrary: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> => fc.option(arbitrary, { nil: undefined });

/** Signals as callers make them: a kind that says something, and whatever other facts. */
const typedSignal: fc.Arbitrary<FailureSignal> = fc
  .record({
    source: fc.constantFrom('model', 'tool', 'database', 'run'),
    kind: fc.constantFrom('http', 'stream_truncated', 'idle_timeout', 'network', 'blocked', 'safety', 'max_tokens', 'empty_answer', 'malformed_tool_call', 'timeout', 'no_match', 'no_space', 'iteration_timeout', 'infinite_loop'),
    status: optional(fc.constantFrom(400, 401, 403, 404, 413, 429, 500, 503)),
    reason: optional(fc.constantFrom('RESOURCE_EXHAUSTED', 'INPUT_TOO_LONG', 'INVALID_ARGUMENT', 'UNAVAILABLE')),
    systemCode: optional(fc.constantFrom('ECONNREFUSED', 'ECONNRESET', 'ENOSPC', 'ENOMEM')),
    exitCode: optional(fc.constantFrom(1, 2, 137)),
    retryDelayMs: optional(fc.integer({ min: 0, max: 200_000 })),
    quotaId: optional(fc.constantFrom('PerMinute', 'RequestsPerDay')),
  })
  .map((signal) => signal as FailureSignal);

const history: fc.Arbitrary<RecoveryHistory> = fc.record({
  attemptsOfPattern: fc.nat(12),
  retriesOfRun: fc.nat(12),
  backoffMsOfRun: fc.nat(150_000),
  hasFallbackModel: fc.boolean(),
  hasArchitect: fc.boolean(),
});
const limits: fc.Arbitrary<RecoveryLimits> = fc.record({ maxRetriesPerRun: fc.nat(10), maxBackoffMs: fc.nat(130_000) });
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe('detection', () => {
  const service = new FailureDetectionService(() => 0.5);
  const patterns = (signal: FailureSignal): string[] => service.detectFailurePatterns(signal).map(({ pattern }) => pattern);

  it('lets no text matter where a telling fact is there', () => {
    const telling = typedSignal.filter((signal) => {
      const [first] = patterns(signal);
      return first !== undefined && !['tool_failed', 'model_failed', 'request_refused'].includes(first);
    });
    const text = fc.oneof(fc.string(), fc.constantFrom('ECONNREFUSED', 'ENOSPC: no space left on device', 'a.ts(1,1): error TS1: x', '429 Too Many Requests', 'FATAL ERROR: heap out of memory'));
    fc.assert(fc.property(telling, text, (signal, errorText) => expect(patterns({ ...signal, errorText })).toEqual(patterns(signal))));
  });

  it('reads nothing into prose, whatever frightening words it holds', () => {
    const word = fc.constantFrom('timeout', 'rate', 'limit', '429', '503', 'memory', 'out', 'of', 'disk', 'full', 'error', 'stream', 'loop', 'token', 'room', 'refused', 'connection', 'json', 'invalid', 'failed', 'lines', '502', 'item', 'wrote');
    const prose = fc.array(word, { minLength: 1, maxLength: 12 }).map((words) => `The ${words.join(' ')}.`);
    fc.assert(fc.property(prose, (errorText) => expect(patterns({ source: 'tool', kind: 'text', errorText })).toEqual([])));
  });

  it('knows every failure of a model by some name', () => {
    fc.assert(fc.property(typedSignal, fc.string({ minLength: 1 }).filter((kind) => kind !== 'text'), (signal, kind) => expect(patterns({ ...signal, source: 'model', kind }).length).toBeGreaterThan(0)));
  });
});

describe('decisions', () => {
  it('keep within the budget of the run, whatever came before (I8)', () => {
    fc.assert(
      fc.property(typedSignal, history, limits, random, (signal, before, budget, chance) => {
        const service = new FailureDetectionService(() => chance);
        const decision = service.generateRecoveryAction(service.detectFailurePatterns(signal), before, budget);
        if (decision.action === 'retry') {
          expect(before.retriesOfRun).toBeLessThan(budget.maxRetriesPerRun);
          expect(before.backoffMsOfRun + decision.delayMs).toBeLessThanOrEqual(budget.maxBackoffMs);
          expect(Number.isInteger(decision.delayMs) && decision.delayMs >= 0).toBe(true);
          if (decision.useFallbackModel) expect(before.hasFallbackModel).toBe(true);
          if (decision.consultArchitect) expect(before.hasArchitect).toBe(true);
        }
        if (decision.action === 'stop') expect(decision.reason.length).toBeGreaterThan(20);
      }),
      { numRuns: 1_000 },
    );
  });

  it('end every failure that stays after at most as many retries as the run has', () => {
    fc.assert(
      fc.property(typedSignal.filter(({ source }) => source === 'model'), limits, random, (signal, budget, chance) => {
        const service = new FailureDetectionService(() => chance);
        const failures = service.detectFailurePatterns(signal);
        let state: RecoveryHistory = { attemptsOfPattern: 0, retriesOfRun: 0, backoffMsOfRun: 0, hasFallbackModel: true, hasArchitect: true };
        for (let round = 0; ; round++) {
          expect(round).toBeLessThanOrEqual(budget.maxRetriesPerRun);
          const decision = service.generateRecoveryAction(failures, state, budget);
          if (decision.action !== 'retry') break;
          state = { ...state, attemptsOfPattern: round + 1, retriesOfRun: round + 1, backoffMsOfRun: state.backoffMsOfRun + decision.delayMs };
        }
      }),
    );
  });
});

describe('detectors', () => {
  it('see only whether outputs are equal, never what they say', () => {
    const renamed = (work: Trajectory, dictionary: readonly string[]): Trajectory => {
      const names = new Map<string, string>();
      const rename = (output: string): string => {
        const known = names.get(output) ?? `${dictionary[names.size % dictionary.length]} ${String.fromCharCode(97 + (names.size % 26))}${'x'.repeat(Math.floor(names.size / 26))}`;
        names.set(output, known);
        return known;
      };
      const steps = work.steps.map((step) => ({ ...step, calls: step.calls.map((call) => ({ ...call, output: rename(call.output) })) }));
      return Object.assign(Object.create(work) as Trajectory, { steps });
    };
    const frightening = fc.array(fc.constantFrom('infinite loop', 'ECONNREFUSED', 'timeout', 'rate limit', 'stuck', 'error', 'no progress', 'heap', 'FATAL ERROR'), { minLength: 1, maxLength: 5 });
    // Those whose outputs differ in times alone become really different when they are renamed.
    const works = [...healthyTrajectories(), ...loopTrajectories().map(({ work }) => work)].filter(({ steps }) => steps.every(({ calls }) => calls.every(({ output }) => !/\d ?(?:s|ms)\b|:\d/.test(output) && !output.startsWith('['))));
    fc.assert(
      fc.property(fc.constantFrom(...works), frightening, (work, dictionary) => {
        const shape = (trajectory: Trajectory): string[] => watch(trajectory).map(({ iteration, detector, rung }) => `${iteration} ${detector} ${rung}`);
        expect(shape(renamed(work, dictionary))).toEqual(shape(work));
      }),
      { numRuns: 50 },
    );
    expect(works.length).toBeGreaterThan(60);
  });
});

describe('canonicalJson', () => {
  const shuffled = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(shuffled);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).reverse().map(([key, member]) => [key, shuffled(member)]));
  };

  it('is the same for equal values only, in whatever order their members stand', () => {
    const json = fc.jsonValue({ maxDepth: 5 });
    fc.assert(fc.property(json, (value) => expect(canonicalJson(shuffled(value))).toBe(canonicalJson(value))));
    fc.assert(fc.property(json, (value) => expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)))));
  });

  it('survives input nested without end', () => {
    const deep = JSON.parse(`${'['.repeat(5_000)}${']'.repeat(5_000)}`) as unknown;
    expect(canonicalJson(deep).length).toBeLessThan(1_000);
  });
});
