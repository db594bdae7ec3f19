import { RunHandOver } from '../../../src/chat/runs/run-hand-over.js';
import { RunStore } from '../../../src/chat/runs/run-store.js';
import { newId, SystemClock } from '../../../src/common/index.js';
import type { PrismaService } from '../../../src/database/index.js';
import { seedRun, seedRunIn } from '../../support/chat/seed-run.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';

/** Where no instance takes up what is queued. */
let database: TestDatabase;
let prisma: PrismaService;
let store: RunStore;
let handOver: RunHandOver;

beforeAll(async () => {
  database = await createTestDatabase();
  ({ prisma } = database);
  store = new RunStore(prisma, new SystemClock());
  handOver = new RunHandOver(prisma, database.connection, new SystemClock());
});
afterAll(() => database.close());

const LEASE_MS = 15_000;
const MINUTE_AGO = (): Date => new Date(Date.now() - 60_000);

describe('claiming', () => {
  it('gives a run to exactly one of 50 who want it at the same moment', async () => {
    const { id } = await seedRun(prisma);
    const rows = await Promise.all(Array.from({ length: 50 }, (_, racer) => store.claim(id, `racer-${racer}`, LEASE_MS)));
    const [winner, ...others] = rows.filter((row) => row !== undefined);
    expect(others).toEqual([]);
    expect(await prisma.run.findUniqueOrThrow({ where: { id } })).toMatchObject({ status: 'running', fencingToken: 1, leaseOwner: winner?.leaseOwner });
  });

  it('gives the turn of a conversation back to the run that waited for a person', async () => {
    const waited = await seedRun(prisma, { status: 'queued', startedAt: MINUTE_AGO(), iterations: 1 });
    const behind = newId();
    await seedRunIn(prisma, { ...waited, id: behind, assistantMessageId: newId() });
    expect(await store.claim(behind, 'me', LEASE_MS)).toBeUndefined();
    const before = await prisma.run.findUniqueOrThrow({ where: { id: waited.id } });
    expect(await store.claim(waited.id, 'me', LEASE_MS)).toMatchObject({ id: waited.id, startedAt: before.startedAt }); // when it began, not when it goes on
    await prisma.run.update({ where: { id: waited.id }, data: { status: 'completed', finishedAt: new Date() } });
    expect(await store.claim(behind, 'me', LEASE_MS)).toMatchObject({ id: behind });
  });

  it('I1: gives the turn to no other run while one is handed over, and lets none that was wait for another', async () => {
    for (let round = 0; round < 20; round += 1) {
      const first = await seedRun(prisma);
      const behind = newId();
      await seedRunIn(prisma, { ...first, id: behind, assistantMessageId: newId() });
      await store.claim(first.id, 'gone', -LEASE_MS);
      const [isReleased, ...claims] = await Promise.all([handOver.takeOver(first.id, 3), ...Array.from({ length: 5 }, () => store.claim(behind, 'me', LEASE_MS))]);
      expect([isReleased, claims.filter((row) => row !== undefined)]).toEqual([true, []]);
      expect(await store.claim(first.id, 'me', LEASE_MS)).toMatchObject({ id: first.id });
    }
  });

  it('tells who takes a lost run over how long it was worked on before', async () => {
    const { id } = await seedRun(prisma);
    await store.claim(id, 'gone', LEASE_MS);
    await store.renewLease({ runId: id, fencingToken: 1 }, { leaseMs: -LEASE_MS, workedMs: 5_000 });
    await handOver.takeOver(id, 3);
    expect(await store.claim(id, 'me', LEASE_MS)).toMatchObject({ workedMs: 5_000, takeovers: 1 });
  });

  it('lets one run of a conversation be active, however many try', async () => {
    const first = await seedRun(prisma);
    const ids = Array.from({ length: 5 }, () => newId());
    for (const id of ids) await seedRunIn(prisma, { ...first, id, assistantMessageId: newId() });
    const rows = await Promise.all([first.id, ...ids].map((id) => store.claim(id, 'me', LEASE_MS)));
    expect(rows.filter((row) => row !== undefined)).toHaveLength(1);
    expect(await prisma.run.count({ where: { conversationId: first.conversationId, status: 'running' } })).toBe(1);
  });

  it('leaves alone what is being cancelled, and does not let it stand before others', async () => {
    const cancelled = await seedRun(prisma, { cancelRequestedAt: new Date() });
    const next = newId();
    await seedRunIn(prisma, { ...cancelled, id: next, assistantMessageId: newId() });
    expect(await store.claim(cancelled.id, 'me', LEASE_MS)).toBeUndefined();
    expect((await store.findNextQueued(cancelled.conversationId))?.runId).toBe(next);
    expect((await store.findQueued(1_000)).map((run) => run.runId)).not.toContain(cancelled.id);
  });
});
