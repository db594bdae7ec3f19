import { jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import type { DatabaseConnection } from '../../../src/database/index.js';
import { FakeClock } from '../../support/fake-clock.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';
import { eventually, type LimitsInstance, setRequest, startInstance, startSecondInstance } from './limits-instance.js';

const KEY = 'iteration.maxByIntent.fix';

/** A connection whose notifications never arrive, as behind a pooler in transaction mode. */
const withoutListen = (connection: DatabaseConnection): DatabaseConnection => ({ ...connection, listen: async () => async () => undefined });

jest.setTimeout(60_000); // thousands of transactions on a busy machine

// On PGlite two instances share the one connection there can be; with TEST_DATABASE_URL each has its own.
describe('two instances on one database', () => {
  let database: TestDatabase;
  let first: LimitsInstance;
  let second: LimitsInstance | undefined;

  beforeAll(async () => {
    database = await createTestDatabase();
    first = await startInstance(database.connection, database.prisma);
  });
  afterEach(async () => {
    await second?.stop();
    second = undefined;
  });
  afterAll(async () => {
    await first.stop();
    await database.close();
  });

  async function startSecond(options?: Parameters<typeof startSecondInstance>[1]): Promise<LimitsInstance> {
    second = await startSecondInstance(database, options);
    return second;
  }

  it('see a change within a second', async () => {
    const other = await startSecond();
    await first.admin.setOverride(KEY, setRequest(7), 'root');
    const tookMs = await eventually(() => other.limits.value(KEY) === 7, 1_000);
    expect(tookMs).toBeLessThan(1_000);
  });

  it('see a change within five seconds when notifications are lost', async () => {
    const clock = new FakeClock(Date.now());
    const other = await startSecond({ cut: withoutListen, clock });
    await first.admin.setOverride(KEY, setRequest(8), 'root');
    await clock.advance(500);
    expect(other.limits.value(KEY)).not.toBe(8); // else the notification did arrive, and this test tests nothing
    await clock.advance(4_500); // no poll comes later than this; only the database's answer to it may
    await eventually(() => other.limits.value(KEY) === 8, 10_000);
  });

  it('write 1000 changes at once on one revision: one wins, and the others hear which revision is current', async () => {
    const other = await startSecond();
    const revision = await first.store.revision();
    const writes = Array.from({ length: 1_000 }, (_, index) =>
      (index % 2 ? first : other).admin.setOverride(KEY, setRequest((index % 100) + 1, { revision }), 'root'),
    );
    const outcomes = await Promise.allSettled(writes);
    const losers = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(losers).toHaveLength(999);
    for (const { reason } of losers) expect(reason).toMatchObject({ code: 'stale_revision', extensions: { revision: revision + 1 } });
    const winner = outcomes.findIndex(({ status }) => status === 'fulfilled');
    expect(await first.store.revision()).toBe(revision + 1);
    expect(first.limits.value(KEY)).toBe((winner % 100) + 1);
  });

  it('lose none of 100 interleaved writes, each decided on the revision it read', async () => {
    const counter = 'retention.incidentDays';
    const other = await startSecond();
    await first.admin.setOverride(counter, setRequest(1), 'root');
    const auditsBefore = await database.prisma.limitAudit.count();
    let stale = 0;
    const increment = async ({ admin, store }: LimitsInstance): Promise<void> => {
      for (;;) {
        const { revision, overrides } = await store.load();
        const value = Number(overrides.find(({ key }) => key === counter)?.value) + 1;
        try {
          await admin.setOverride(counter, setRequest(value, { revision }), 'root');
          return;
        } catch (error) {
          if ((error as { code?: string }).code !== 'stale_revision') throw error;
          stale++;
        }
      }
    };
    const writer = async (instance: LimitsInstance): Promise<void> => {
      for (let write = 0; write < 25; write++) await increment(instance);
    };
    await Promise.all([writer(first), writer(other), writer(first), writer(other)]);

    const { overrides } = await first.store.load();
    expect(overrides.find(({ key }) => key === counter)?.value).toBe(101);
    expect(await database.prisma.limitAudit.count()).toBe(auditsBefore + 100);
    expect(stale).toBeGreaterThan(0); // else nobody contended
  });
});

describe('while the database is away', () => {
  it('the last good values stay in force and their age is known', async () => {
    Logger.overrideLogger(false);
    const database = await createTestDatabase();
    const clock = new FakeClock();
    let isAway = false;
    const instance = await startInstance(database.connection, database.prisma, { clock });
    const { store, limits, refresher, admin } = instance;
    const readRevision = store.revision.bind(store);
    jest.spyOn(store, 'revision').mockImplementation(() => (isAway ? Promise.reject(new Error('connection refused')) : readRevision()));

    await admin.setOverride(KEY, setRequest(7), 'root');
    isAway = true;
    await clock.advance(60_000);
    expect(limits.value(KEY)).toBe(7);
    expect(refresher.stalenessMs()).toBe(60_000);
    isAway = false;
    await refresher.refresh();
    expect(refresher.stalenessMs()).toBe(0);
    await instance.stop();
    await database.close();
  });

  it('an answer that took ten seconds is ten seconds old', async () => {
    const database = await createTestDatabase();
    const clock = new FakeClock();
    const { store, refresher, stop } = await startInstance(database.connection, database.prisma, { clock });
    const revision = await store.revision();
    let answer = (): void => undefined;
    jest.spyOn(store, 'revision').mockImplementationOnce(() => new Promise((resolve) => (answer = () => resolve(revision))));

    const refreshed = refresher.refresh();
    await clock.advance(10_000);
    answer();
    await refreshed;
    expect(refresher.stalenessMs()).toBe(10_000);
    await stop();
    await database.close();
  });
});
