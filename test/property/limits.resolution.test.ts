import fc from 'fast-check';
import type { Intent } from '../../src/common/index.js';
import { INTENTS } from '../../src/common/index.js';
import { type LimitKey, LIMITS } from '../../src/limits/index.js';
import { explainLimit } from '../../src/limits/explain-limit.js';
import { LIMIT_KEYS, LimitsView } from '../../src/limits/limits-view.js';
import { clampLimitValue, tighten } from '../../src/limits/limit-value.js';
import type { LimitScope } from '../../src/limits/limit-scope.js';
import { inForce, type LimitOverride, nextExpiry, type StoredLimits } from '../../src/limits/stored-limits.js';

const KEY = 'tool.maxPerIteration'; // 1 to 100, default 5, lower is stricter
const NOW = Date.UTC(2026, 10, 23);
const by = { reason: '', createdBy: '', createdAt: new Date(NOW) };

/** What each layer may say, absent included; numbers beyond the hard bounds too, as another version may have stored. */
const stored = fc.option(fc.integer({ min: -50, max: 200 }), { nil: undefined });
const layers = fc.record({
  emergency: stored,
  arm: stored,
  user: stored,
  intent: stored,
  plan: stored,
  global: stored,
  env: fc.option(fc.integer({ min: 1, max: 100 }), { nil: undefined }),
});
type Layers = typeof layers extends fc.Arbitrary<infer Value> ? Value : never;

function viewOf(said: Layers): LimitsView {
  const scopes: readonly (readonly [LimitScope, number | undefined])[] = [
    [{ kind: 'user', id: 'alice' }, said.user],
    [{ kind: 'intent', id: 'fix' }, said.intent],
    [{ kind: 'plan', id: 'free' }, said.plan],
    [{ kind: 'global' }, said.global],
  ];
  const overrides = scopes.flatMap(([scope, value]): LimitOverride[] => (value === undefined ? [] : [{ key: KEY, scope, value, expiresAt: null, ...by }]));
  const arm = { name: 'arm', weight: 1, values: new Map(said.arm === undefined ? [] : [[KEY, said.arm]]) };
  return new LimitsView(
    { profile: 'development', environment: said.env === undefined ? {} : { [KEY]: said.env } },
    {
      revision: 1,
      overrides,
      emergency: said.emergency === undefined ? null : { values: new Map([[KEY, said.emergency]]), expiresAt: null, ...by },
      experiments: [{ id: 'experiment', trafficSalt: 'a', armSalt: 'b', trafficBasisPoints: 10_000, targeting: {}, arms: [arm] }],
    },
  );
}

const alice = { userId: 'alice', plan: 'free', intent: 'fix' } as const;
const clamp = (value: number): number => Math.min(100, Math.max(1, value));
const strongest = (...values: (number | undefined)[]): number => clamp(values.find((value) => value !== undefined) ?? 5);

describe('resolution of a limit', () => {
  it('goes by experiment arm, then user, intent, plan, global, then environment, then default', () => {
    fc.assert(
      fc.property(layers, (said) => {
        expect(viewOf(said).snapshot(alice).values[KEY]).toBe(strongest(said.arm, said.user, said.intent, said.plan, said.global, said.env));
      }),
    );
  });

  it('is for others only what is said for others', () => {
    const bob = { userId: 'bob', plan: 'pro', intent: 'search' } as const;
    fc.assert(
      fc.property(layers, (said) => {
        expect(viewOf({ ...said, arm: undefined }).snapshot(bob).values[KEY]).toBe(strongest(said.global, said.env));
        expect(viewOf(said).values[KEY]).toBe(said.emergency === undefined ? strongest(said.global, said.env) : Math.min(clamp(said.emergency), strongest(said.global, said.env)));
      }),
    );
  });

  it('is under an emergency the stricter of the two, and the explanation says the same as the read', () => {
    fc.assert(
      fc.property(layers, (said) => {
        const view = viewOf(said);
        const pinned = view.snapshot(alice).values[KEY];
        const expected = said.emergency === undefined ? pinned : Math.min(pinned, clamp(said.emergency));
        const explained = view.explain(alice).limits.find(({ key }) => key === KEY);
        expect(explained?.value).toBe(expected);
        const winners = explained?.candidates.filter(({ outcome }) => outcome === 'won') ?? [];
        expect(winners).toHaveLength(1);
        expect(winners[0]?.source).toBe(explained?.source);
        for (const candidate of explained?.candidates ?? []) expect(candidate.reason).not.toBe('');
      }),
    );
  });

  it('lets nothing past the hard bounds, whatever was stored', () => {
    const junk = fc.oneof(fc.integer(), fc.double(), fc.boolean(), fc.string(), fc.constant(null), fc.constant(NaN), fc.constantFrom(Infinity, -Infinity), fc.object());
    fc.assert(
      fc.property(fc.constantFrom(...LIMIT_KEYS), junk, junk, (key: LimitKey, override, cap) => {
        const candidates = [
          { source: 'override' as const, value: override },
          { source: 'default' as const, value: LIMITS[key].default },
        ];
        const { value } = explainLimit(key, candidates, clampLimitValue(key, cap));
        expect(LIMITS[key].schema.safeParse(value).success).toBe(true);
      }),
    );
  });

  it('never loosens by an emergency', () => {
    fc.assert(
      fc.property(fc.constantFrom(...LIMIT_KEYS.filter((key) => typeof LIMITS[key].default === 'number')), fc.double({ noNaN: true }), fc.double({ noNaN: true }), (key, value, cap) => {
        const result = tighten(key, value, cap);
        if (LIMITS[key].tighter === 'lower') expect(result).toBe(Math.min(value, cap));
        if (LIMITS[key].tighter === 'higher') expect(result).toBe(Math.max(value, cap));
        if (LIMITS[key].tighter === 'neither') expect(result).toBe(value);
      }),
    );
  });
});

describe('expiry', () => {
  it('keeps what has not run out, and tells the next moment at which something will', () => {
    const expiry = fc.option(fc.integer({ min: -5, max: 5 }).map((offset) => new Date(NOW + offset)), { nil: null });
    fc.assert(
      fc.property(fc.array(expiry, { maxLength: 8 }), expiry, (overrideExpiries, emergencyExpiry) => {
        const limits: StoredLimits = {
          revision: 1,
          overrides: overrideExpiries.map((expiresAt, index) => ({ key: KEY, scope: { kind: 'user', id: String(index) }, value: 1, expiresAt, ...by })),
          emergency: { values: new Map(), expiresAt: emergencyExpiry, ...by },
          experiments: [],
        };
        const holds = (expiresAt: Date | null, at: number): boolean => expiresAt === null || expiresAt.getTime() > at;
        const now = inForce(limits, NOW);
        expect(now.overrides).toEqual(limits.overrides.filter(({ expiresAt }) => holds(expiresAt, NOW)));
        expect(now.emergency !== null).toBe(holds(emergencyExpiry, NOW));
        const next = nextExpiry(limits, NOW);
        if (next !== Infinity) {
          expect(next).toBeGreaterThan(NOW);
          expect(inForce(limits, next - 1)).toEqual(now);
          expect(inForce(limits, next)).not.toEqual(now);
        } else {
          expect(inForce(limits, NOW + 1_000)).toEqual(now);
        }
      }),
    );
  });
});

describe('snapshots', () => {
  const subject = fc.record({ userId: fc.constantFrom('alice', 'bob', 'a\nb'), plan: fc.constantFrom('free', 'pro', '', 'free\nfix'), intent: fc.constantFrom<Intent>(...INTENTS) });

  it('of subjects that share one are the same as if each were resolved alone', () => {
    fc.assert(
      fc.property(layers, fc.array(subject, { minLength: 1, maxLength: 10 }), (said, subjects) => {
        const shared = viewOf(said);
        for (const each of subjects) expect(shared.snapshot(each)).toEqual(viewOf(said).snapshot(each));
      }),
    );
  });

  it('are frozen', () => {
    const snapshot = viewOf({ emergency: undefined, arm: 1, user: 1, intent: 1, plan: 1, global: 1, env: 1 }).snapshot(alice);
    expect(Object.isFrozen(snapshot) && Object.isFrozen(snapshot.values) && Object.isFrozen(snapshot.arms)).toBe(true);
  });
});
