import type { LimitValues } from '../../src/limits/index.js';
import type { BreakerState, ModelBreaker } from '../../src/models/index.js';
import { FakeClock } from '../support/fake-clock.js';
import { FixedLimits } from '../support/streaming/fixed-limits.js';

export type CreateBreaker = (limits: FixedLimits, clock: FakeClock) => ModelBreaker | Promise<ModelBreaker>;

const MODEL = 'gemini/a';

/** What every ModelBreaker has to do. @param create each gets a breaker that knows nothing yet */
export function describeModelBreaker(adapter: string, create: CreateBreaker): void {
  describe(`ModelBreaker: ${adapter}`, () => {
    let clock: FakeClock;
    let breaker: ModelBreaker;

    const start = async (limits: Partial<LimitValues> = {}): Promise<void> => {
      clock = new FakeClock();
      breaker = await create(new FixedLimits({ 'breaker.minCalls': 4, 'breaker.failureShare': 0.5, 'breaker.windowMs': 10_000, 'breaker.openMs': 5_000, ...limits }), clock);
    };
    beforeEach(() => start());

    const calls = async (outcomes: string, model = MODEL): Promise<BreakerState> => {
      for (const outcome of outcomes) {
        await breaker.admit(model);
        await breaker.report(model, outcome === 'x' ? 'failed' : outcome === '-' ? 'neutral' : 'succeeded');
      }
      return breaker.stateOf(model);
    };

    it('is closed for a model that works, and for one that nobody has called', async () => {
      expect(await calls('..........')).toEqual({ model: MODEL, state: 'closed', openForMs: 0 });
      expect(await breaker.admit('gemini/other')).toMatchObject({ state: 'closed' });
    });

    it('breaker.minCalls: opens with that many calls and no fewer', async () => {
      expect((await calls('xxx')).state).toBe('closed');
      expect(await calls('x')).toEqual({ model: MODEL, state: 'open', openForMs: 5_000 });
      expect((await breaker.admit(MODEL)).state).toBe('open');
    });

    it('breaker.failureShare: opens at that share of failures and not below it', async () => {
      await start({ 'breaker.failureShare': 0.6 });
      expect((await calls('x.x.x')).state).toBe('open');
      await start({ 'breaker.failureShare': 0.61 });
      expect((await calls('x.x.x')).state).toBe('closed');
    });

    it('breaker.windowMs: failures that are older do not count', async () => {
      await calls('xx');
      await clock.advance(9_999);
      expect((await calls('xx')).state).toBe('open');
      await start();
      await calls('xx');
      await clock.advance(10_000);
      expect((await calls('xx')).state).toBe('closed');
    });

    it('breaker.openMs: then lets one call through, and only one', async () => {
      await calls('xxxx');
      await clock.advance(4_999);
      expect(await breaker.admit(MODEL)).toEqual({ model: MODEL, state: 'open', openForMs: 1 });
      await clock.advance(1);
      expect((await breaker.admit(MODEL)).state).toBe('probing');
      expect((await breaker.admit(MODEL)).state).toBe('open');
    });

    it('closes when that call succeeds, and counts anew', async () => {
      await calls('xxxx');
      await clock.advance(5_000);
      await breaker.admit(MODEL);
      expect((await breaker.report(MODEL, 'succeeded')).state).toBe('closed');
      expect((await calls('xxx')).state).toBe('closed');
    });

    it('stays open when it fails, or says nothing, and tries again after the same time', async () => {
      for (const outcome of ['failed', 'neutral'] as const) {
        await start();
        await calls('xxxx');
        await clock.advance(5_000);
        await breaker.admit(MODEL);
        expect((await breaker.report(MODEL, outcome)).state).toBe('open');
        await clock.advance(4_999);
        expect((await breaker.admit(MODEL)).state).toBe('open');
        await clock.advance(1);
        expect((await breaker.admit(MODEL)).state).toBe('probing');
      }
    });

    it('lets a late success of a call that was under way close it', async () => {
      await breaker.admit(MODEL);
      await calls('xxxx');
      expect((await breaker.report(MODEL, 'succeeded')).state).toBe('closed');
    });

    it('does not count what says nothing about the model', async () => {
      expect((await calls('------------')).state).toBe('closed');
      expect((await calls('x-x-x-')).state).toBe('closed');
    });

    it('knows each model by itself', async () => {
      await calls('xxxx');
      expect((await breaker.admit('gemini/b')).state).toBe('closed');
      expect((await breaker.admit('openai/meta-llama/Llama:8b')).state).toBe('closed');
    });
  });
}
