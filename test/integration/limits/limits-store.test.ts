import { jest } from '@jest/globals';
import { writeOverride } from '../../../src/limits/override-changes.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';
import { FakeClock } from '../../support/fake-clock.js';
import { type LimitsInstance, setRequest, startInstance } from './limits-instance.js';

const KEY = 'iteration.maxByIntent.fix';
const alice = { userId: 'alice', plan: 'free', intent: 'fix' } as const;

describe('limits in the database', () => {
  let database: TestDatabase;
  let clock: FakeClock;
  let instance: LimitsInstance;

  beforeAll(async () => {
    database = await createTestDatabase();
  });
  beforeEach(async () => {
    clock = new FakeClock();
    instance = await startInstance(database.connection, database.prisma, { clock });
  });
  afterEach(async () => {
    await instance.stop();
    expect(clock.pendingTimers).toBe(0);
    await database.prisma.limitOverride.deleteMany();
    await database.prisma.limitEmergency.deleteMany();
    await database.prisma.limitAudit.deleteMany();
    await database.prisma.limitRevision.deleteMany();
  });
  afterAll(() => database.close());

  it('has a change in force before it answers, with who, when, why, old and new', async () => {
    const { admin, limits, history } = instance;
    await admin.setOverride(KEY, setRequest(7, { reason: 'first' }), 'root');
    expect(await admin.setOverride(KEY, setRequest(8, { reason: 'second' }), 'root')).toBe(2);

    expect(limits.value(KEY)).toBe(8);
    const { items } = await history.list({ limit: 10 });
    expect(items).toEqual([
      expect.objectContaining({ revision: 2, action: 'override.set', key: KEY, oldValue: 7, newValue: 8, reason: 'second', actor: 'root', createdAt: new Date(clock.now()).toISOString() }),
      expect.objectContaining({ revision: 1, oldValue: null, newValue: 7, reason: 'first' }),
    ]);
  });

  it('pages through the history in order', async () => {
    for (let value = 1; value <= 5; value++) await instance.admin.setOverride(KEY, setRequest(value), 'root');
    const first = await instance.history.list({ limit: 3 });
    const second = await instance.history.list({ limit: 3, cursor: first.nextCursor ?? undefined });
    expect([...first.items, ...second.items].map(({ newValue }) => newValue)).toEqual([5, 4, 3, 2, 1]);
    expect(second.nextCursor).toBeNull();
  });

  it('refuses a stale revision, names the current one, and writes nothing', async () => {
    await instance.admin.setOverride(KEY, setRequest(7), 'root');
    await expect(instance.admin.setOverride(KEY, setRequest(9, { revision: 0 }), 'root')).rejects.toMatchObject({ code: 'stale_revision', extensions: { revision: 1 } });
    expect(instance.limits.value(KEY)).toBe(7);
    expect(await database.prisma.limitAudit.count()).toBe(1);
    await expect(instance.admin.setOverride(KEY, setRequest(9, { revision: 1 }), 'root')).resolves.toBe(2);
  });

  it('writes no history for a refused change and leaves the revision alone', async () => {
    await expect(instance.admin.removeOverride(KEY, {}, 'root')).rejects.toMatchObject({ code: 'override_not_found' });
    expect(await instance.store.revision()).toBe(0);
    expect(await database.prisma.limitAudit.count()).toBe(0);
  });

  it.each([
    ['nonsense', 1, 'limit_not_found', 'There is no limit "nonsense"'],
    ['__proto__', 1, 'limit_not_found', 'There is no limit'],
    ['constructor', 1, 'limit_not_found', 'There is no limit'],
    ['iterations.maxByIntent.fix', 1, 'limit_not_found', 'Did you mean iteration.maxByIntent.fix?'],
    [KEY, NaN, 'validation_failed', 'must be a whole number'],
    [KEY, 1.5, 'validation_failed', 'must be a whole number'],
    [KEY, '7', 'validation_failed', 'must be a whole number'],
    [KEY, 0, 'validation_failed', 'must be between 1 and 100'],
    [KEY, 101, 'validation_failed', 'must be between 1 and 100'],
    ['chat.maxRequestBytes', 2_048, 'validation_failed', 'set LIMIT_CHAT_MAX_REQUEST_BYTES and restart'],
  ])('refuses %s = %p with the reason', async (key, value, code, reason) => {
    const refused = instance.admin.setOverride(key, setRequest(value), 'root');
    await expect(refused).rejects.toMatchObject({ code, message: expect.stringContaining(reason) });
    expect(await instance.store.revision()).toBe(0);
  });

  it.each([1, 100])('accepts the hard bound %p itself', async (value) => {
    await instance.admin.setOverride(KEY, setRequest(value), 'root');
    expect(instance.limits.value(KEY)).toBe(value);
  });

  it('limits.maxOverrides: that many fit, one more is refused until one has run out', async () => {
    const { admin } = instance;
    await admin.setOverride('limits.maxOverrides', setRequest(3), 'root'); // the first of the three
    await admin.setOverride(KEY, setRequest(2, { expiresAt: new Date(clock.now() + 1_000) }), 'root');
    await admin.setOverride('iteration.maxEmpty', setRequest(2), 'root');
    await expect(admin.setOverride('retry.maxPerRun', setRequest(2), 'root')).rejects.toMatchObject({ code: 'limit_exceeded' });
    await admin.setOverride('iteration.maxEmpty', setRequest(4), 'root'); // replacing needs no room
    await clock.advance(1_000);
    await expect(admin.setOverride('retry.maxPerRun', setRequest(2), 'root')).resolves.toBeGreaterThan(0);
  });

  it('limits.maxPendingWrites: that many changes wait, one more is refused', async () => {
    const { admin } = instance;
    await admin.setOverride('limits.maxPendingWrites', setRequest(2), 'root');
    const outcomes = await Promise.allSettled([7, 8, 9].map((value) => admin.setOverride(KEY, setRequest(value), 'root')));
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected']);
    await expect(admin.setOverride(KEY, setRequest(9), 'root')).resolves.toBeGreaterThan(0);
  });

  it('limits.writeTimeoutMs: a change that takes longer is rolled back, one within it is kept', async () => {
    const { admin, store } = instance;
    await admin.setOverride('limits.writeTimeoutMs', setRequest(100), 'root');
    const slowWrite = store.change(undefined, async (transaction) => {
      await new Promise((resolve) => setTimeout(resolve, 200));
      return writeOverride(transaction, { key: KEY, scope: { kind: 'global' }, value: 7, expiresAt: null }, { actor: 'root', reason: 'slow', now: new Date(clock.now()) }, 10);
    });
    await expect(slowWrite).rejects.toThrow(/[Tt]ransaction/);
    expect(await store.revision()).toBe(1);
    expect((await store.load()).overrides.map(({ key }) => key)).toEqual(['limits.writeTimeoutMs']);
  });

  it('limits.pollMs: looks for changes at it, no sooner', async () => {
    const reader = await startInstance(database.connection, database.prisma, { clock, variables: { LIMIT_LIMITS_POLL_MS: '1000' } });
    const look = jest.spyOn(reader.store, 'revision');
    await clock.advance(999);
    expect(look).not.toHaveBeenCalled();
    await clock.advance(1);
    expect(look).toHaveBeenCalledTimes(1);
    await reader.stop();
  });

  describe('expiry', () => {
    it('ends an override by the clock alone, to the millisecond', async () => {
      await instance.admin.setOverride(KEY, setRequest(2, { expiresAt: new Date(clock.now() + 61_234) }), 'root');
      await clock.advance(61_233);
      expect(instance.limits.value(KEY)).toBe(2);
      await clock.advance(1);
      expect(instance.limits.value(KEY)).toBe(10);
    });

    it('ends an emergency by the clock alone', async () => {
      await instance.admin.setEmergency({ values: { [KEY]: 1 }, reason: 'test', expiresAt: new Date(clock.now() + 1_000) }, 'root');
      expect(instance.limits.value(KEY)).toBe(1);
      await clock.advance(1_000);
      expect(instance.limits.value(KEY)).toBe(10);
      expect(instance.limits.emergency).toBeNull();
    });

    it('refuses one in the past', async () => {
      await expect(instance.admin.setOverride(KEY, setRequest(2, { expiresAt: new Date(clock.now()) }), 'root')).rejects.toMatchObject({ code: 'validation_failed' });
    });
  });

  describe('emergency', () => {
    it('I6: is felt by a run under way at its next read, and as soon lifted', async () => {
      const { admin, limits } = instance;
      const pinned = limits.snapshot(alice);
      await admin.setEmergency({ reason: 'the provider is on fire', expiresAt: null }, 'root');
      expect(limits.of(pinned, KEY)).toBe(3);
      expect(pinned.values[KEY]).toBe(10);
      await admin.liftEmergency({}, 'root');
      expect(limits.of(pinned, KEY)).toBe(10);
    });

    it('leaves nothing to lift twice', async () => {
      await expect(instance.admin.liftEmergency({}, 'root')).rejects.toMatchObject({ code: 'override_not_found' });
    });
  });

  describe('revert', () => {
    const entryOf = async (revision: number): Promise<string> => (await database.prisma.limitAudit.findUniqueOrThrow({ where: { revision } })).id;

    it('puts back the value before an entry, also when others followed', async () => {
      const { admin, history, limits } = instance;
      for (const value of [7, 8, 9]) await admin.setOverride(KEY, setRequest(value), 'root');
      await history.revert(await entryOf(2), {}, 'root');
      expect(limits.value(KEY)).toBe(7);
      await history.revert(await entryOf(1), {}, 'root');
      expect(limits.value(KEY)).toBe(10);
      expect((await history.list({ limit: 1 })).items[0]).toMatchObject({ action: 'override.removed', oldValue: 7, reason: 'revert of revision 1' });
    });

    it('brings a removed override back with its scope and expiry', async () => {
      const { admin, history, limits } = instance;
      const expiresAt = new Date(clock.now() + 60_000);
      const scope = { kind: 'user', id: 'alice' } as const;
      await admin.setOverride(KEY, setRequest(4, { scope, expiresAt }), 'root');
      await admin.removeOverride(KEY, { scope }, 'root');
      await history.revert(await entryOf(2), {}, 'root');
      expect(limits.snapshot(alice).values[KEY]).toBe(4);
      await clock.advance(60_000);
      expect(limits.snapshot(alice).values[KEY]).toBe(10);
    });

    it('does not raise an override that has run out since', async () => {
      const { admin, history, limits } = instance;
      await admin.setOverride(KEY, setRequest(4, { expiresAt: new Date(clock.now() + 1_000) }), 'root');
      await admin.setOverride(KEY, setRequest(5), 'root');
      await clock.advance(1_000);
      await history.revert(await entryOf(2), {}, 'root');
      expect(limits.value(KEY)).toBe(10);
    });

    it('goes back over an emergency, in both directions', async () => {
      const { admin, history, limits } = instance;
      await admin.setEmergency({ values: { [KEY]: 2 }, reason: 'test', expiresAt: null }, 'root');
      await admin.liftEmergency({}, 'root');
      await history.revert(await entryOf(2), {}, 'root');
      expect(limits.value(KEY)).toBe(2);
      await history.revert(await entryOf(1), {}, 'root');
      expect(limits.value(KEY)).toBe(10);
    });

    it('knows no other entries', async () => {
      await expect(instance.history.revert('not-an-id', {}, 'root')).rejects.toMatchObject({ code: 'history_entry_not_found' });
    });
  });

  it('survives rows that another version wrote', async () => {
    await database.prisma.limitOverride.createMany({
      data: [
        { id: crypto.randomUUID(), key: 'gone.long.ago', scopeKind: 'global', scopeId: '', value: 1, reason: '', createdBy: '' },
        { id: crypto.randomUUID(), key: KEY, scopeKind: 'global', scopeId: '', value: 1_000_000, reason: '', createdBy: '' },
        { id: crypto.randomUUID(), key: 'iteration.maxEmpty', scopeKind: 'global', scopeId: '', value: 'many', reason: '', createdBy: '' },
      ],
    });
    const other = await startInstance(database.connection, database.prisma, { clock });
    expect(other.limits.value(KEY)).toBe(100);
    expect(other.limits.value('iteration.maxEmpty')).toBe(3);
    await other.stop();
  });
});
