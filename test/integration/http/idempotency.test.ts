import { randomUUID } from 'node:crypto';
import { Idempotency, type IdempotencyClaim } from '../../../src/http/index.js';
import { createTestDatabase, type TestDatabase } from '../../support/test-database.js';

const DAY_MS = 24 * 60 * 60 * 1000;
const now = new Date('2026-11-22T12:00:00Z');

describe('Idempotency', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createTestDatabase();
  });

  afterAll(() => database.close());

  const claimOf = (key: string, body: unknown = { a: 1 }, userId = 'alice', scope = 'POST /things'): IdempotencyClaim | undefined => Idempotency.claim(userId, scope, key, body);

  /** What a creating route does. */
  async function create(claim: IdempotencyClaim | undefined, at = now): Promise<unknown> {
    const earlier = await Idempotency.replay(database.prisma, claim, at);
    if (earlier !== undefined) return earlier;
    const id = randomUUID();
    try {
      await database.prisma.$transaction(async (transaction) => {
        await transaction.project.create({ data: { id, userId: 'alice', name: id, path: '/x' } });
        await Idempotency.store(transaction, claim, id, { id }, at);
      });
    } catch (error) {
      if (Idempotency.lostRace(error, claim)) return Idempotency.replay(database.prisma, claim, at);
      throw error;
    }
    return { id };
  }

  it('gives the same answer to the same request, and another one to anybody else', async () => {
    const first = await create(claimOf('same'));
    expect(await create(claimOf('same'))).toEqual(first);
    for (const other of [claimOf('other'), claimOf('same', { a: 1 }, 'bob'), claimOf('same', { a: 1 }, 'alice', 'POST /others')]) {
      expect(await create(other)).not.toEqual(first);
    }
  });

  it('refuses the same key with another body', async () => {
    await create(claimOf('mismatch'));
    await expect(create(claimOf('mismatch', { a: 2 }))).rejects.toMatchObject({ code: 'idempotency_mismatch' });
  });

  it('forgets after a day', async () => {
    const first = await create(claimOf('expiring'));
    expect(await create(claimOf('expiring'), new Date(now.getTime() + DAY_MS - 1))).toEqual(first);
    expect(await create(claimOf('expiring', { a: 2 }), new Date(now.getTime() + DAY_MS))).not.toEqual(first);
  });

  it('creates once when equal requests come together', async () => {
    const before = await database.prisma.project.count();
    const answers = await Promise.all(Array.from({ length: 8 }, () => create(claimOf('together'))));
    expect(new Set(answers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(await database.prisma.project.count()).toBe(before + 1);
  });

  it('does nothing without a key', async () => {
    expect(Idempotency.claim('alice', 'POST /things', undefined, {})).toBeUndefined();
    expect(await create(undefined)).not.toEqual(await create(undefined));
  });

  it('takes no other unique violation for a lost race', async () => {
    const claim = claimOf('not-a-race');
    await database.prisma.account.create({ data: { id: 'taken' } });
    const error: unknown = await database.prisma.account.create({ data: { id: 'taken' } }).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'P2002' });
    expect(Idempotency.lostRace(error, claim)).toBe(false);
  });

  it.each(['', 'with blank', 'x'.repeat(201), 'ümlaut', 'line\nbreak'])('refuses the key %j', (key) => {
    expect(() => claimOf(key)).toThrow('Idempotency-Key');
  });
});
