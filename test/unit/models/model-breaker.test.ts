import { MemoryModelBreaker } from '../../../src/models/breaker/memory.model-breaker.js';
import { outcomeOf } from '../../../src/models/breaker/guarded-models.js';
import { ModelError, type ModelErrorDetails } from '../../../src/models/index.js';
import { describeModelBreaker } from '../../conformance/model-breaker.conformance.js';
import { FakeClock } from '../../support/fake-clock.js';
import { FixedLimits } from '../../support/streaming/fixed-limits.js';

describeModelBreaker('memory', (limits, clock) => new MemoryModelBreaker(limits, clock));

it('breaker.maxModels: forgets the model that failed longest ago', async () => {
  const breaker = new MemoryModelBreaker(new FixedLimits({ 'breaker.minCalls': 1, 'breaker.maxModels': 2 }), new FakeClock());
  for (const model of ['a', 'b']) await breaker.report(model, 'failed');
  expect((await breaker.stateOf('a')).state).toBe('open');
  await breaker.report('c', 'failed');
  expect(await Promise.all(['a', 'b', 'c'].map(async (model) => (await breaker.stateOf(model)).state))).toEqual(['closed', 'open', 'open']);
});

describe('what counts as a failure', () => {
  const of = (details: Omit<ModelErrorDetails, 'model' | 'hadOutput'>) => outcomeOf(new ModelError('', { model: 'gemini/a', hadOutput: false, ...details }));

  it.each([
    [{ kind: 'http', status: 503 }, 'failed'],
    [{ kind: 'network' }, 'failed'],
    [{ kind: 'first_byte_timeout' }, 'failed'],
    [{ kind: 'stream_truncated' }, 'failed'],
    [{ kind: 'http', status: 429 }, 'neutral'],
    [{ kind: 'http', status: 400 }, 'succeeded'],
    [{ kind: 'http', status: 403 }, 'succeeded'],
    [{ kind: 'blocked' }, 'succeeded'],
  ] as const)('%j is %s', (details, outcome) => expect(of(details)).toBe(outcome));

  it('a call that was stopped says nothing', () => expect(outcomeOf(new Error('stopped'))).toBe('neutral'));
});
