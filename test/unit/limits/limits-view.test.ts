import { LimitsView } from '../../../src/limits/limits-view.js';
import { LimitsService } from '../../../src/limits/limits.service.js';
import { NOTHING_STORED } from '../../../src/limits/stored-limits.js';
import { FakeClock } from '../../support/fake-clock.js';

const KEY = 'iteration.maxByIntent.fix';
const alice = { userId: 'alice', plan: 'free', intent: 'fix' } as const;

describe('snapshots of a view', () => {
  const viewWith = (maxCachedScopes: number): LimitsView => new LimitsView({ profile: 'development', environment: { 'limits.maxCachedScopes': maxCachedScopes } }, NOTHING_STORED);

  it('are shared by subjects for whom the layers say the same', () => {
    const view = viewWith(10);
    expect(view.snapshot(alice)).toBe(view.snapshot({ ...alice, userId: 'bob' }));
  });

  it('limits.maxCachedScopes: that many are remembered', () => {
    const isRemembered = (maxCachedScopes: number): boolean => {
      const view = viewWith(maxCachedScopes);
      const first = view.snapshot(alice);
      view.snapshot({ ...alice, intent: 'search' });
      return view.snapshot(alice) === first;
    };
    expect([1, 2, 3].map(isRemembered)).toEqual([false, true, true]);
  });
});

describe('LimitsService', () => {
  const serviceWith = (limitsProfile: 'development' | 'production', limitVariables: Record<string, string> = {}): LimitsService =>
    new LimitsService({ limitsProfile, limitVariables }, new FakeClock());

  it('goes by environment variable, then profile, then default', () => {
    expect(serviceWith('development').value('stream.maxPerUser')).toBe(20);
    expect(serviceWith('production').value('stream.maxPerUser')).toBe(50);
    expect(serviceWith('production', { LIMIT_STREAM_MAX_PER_USER: '7' }).value('stream.maxPerUser')).toBe(7);
  });

  it('does not come up with variables that nobody checked', () => {
    expect(() => serviceWith('development', { LIMIT_STREAM_MAX_PER_USER: 'abc', LIMIT_NOPE: '1' })).toThrow(/LIMIT_STREAM_MAX_PER_USER.*\n.*LIMIT_NOPE/);
  });

  it('I6: reads from the snapshot what has changed for everybody since', () => {
    const limits = serviceWith('development');
    const pinned = limits.snapshot(alice);
    const by = { reason: '', createdBy: '', createdAt: new Date(), expiresAt: null };
    limits.apply({ ...NOTHING_STORED, revision: 1, overrides: [{ key: KEY, scope: { kind: 'global' }, value: 3, ...by }] });
    expect(limits.value(KEY)).toBe(3);
    expect(limits.of(pinned, KEY)).toBe(10);
    limits.apply({ ...NOTHING_STORED, revision: 2, emergency: { values: new Map([[KEY, 2]]), ...by } });
    expect(limits.of(pinned, KEY)).toBe(2);
  });

  it('knows a limit that is newer than the snapshot', () => {
    const limits = serviceWith('development', { LIMIT_ITERATION_MAX_EMPTY: '4' });
    const { 'iteration.maxEmpty': _, ...older } = limits.snapshot(alice).values;
    expect(limits.of({ revision: 0, values: older as never, arms: [] }, 'iteration.maxEmpty')).toBe(4);
  });
});
