import { setTimeout as sleep } from 'node:timers/promises';
import { isDatabaseUnreachable, openPostgresql, PrismaService } from '../../../src/database/index.js';
import { createTestDatabase, poolOf, postgresqlUrl, type TestDatabase } from '../../support/test-database.js';
import { type Proxy, startProxy } from '../../support/cuttable-proxy.js';

describe('a database connection', () => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createTestDatabase();
  });

  afterAll(() => database.close());

  it('keeps moments to the millisecond, whatever zone the server prefers', async () => {
    const { connection, prisma } = database;
    if (database.url) {
      await connection.execute(`ALTER DATABASE ${new URL(database.url).pathname.slice(1)} SET timezone TO 'America/New_York'`);
    }
    const fresh = database.url ? await openPostgresql(database.url, poolOf(2)) : connection;
    const client = database.url ? new PrismaService(fresh) : prisma;
    const createdAt = new Date('2026-07-01T23:30:00.123Z');
    await client.account.create({ data: { id: 'moment', createdAt } });
    expect((await client.account.findUniqueOrThrow({ where: { id: 'moment' } })).createdAt).toEqual(createdAt);
    expect(await fresh.query(`SELECT created_at FROM accounts WHERE id = 'moment'`)).toEqual([{ created_at: createdAt }]);
    if (fresh !== connection) await client.$disconnect().then(() => fresh.close());
  });

  it('undoes all of a transaction that fails', async () => {
    const failing = database.prisma.$transaction(async (transaction) => {
      await transaction.account.create({ data: { id: 'undone' } });
      throw new Error('on purpose');
    });
    await expect(failing).rejects.toThrow('on purpose');
    expect(await database.prisma.account.count({ where: { id: 'undone' } })).toBe(0);
  });

  it('says of a transaction that took too long, e.g. for others were before it, that the database was too busy, and undoes it', async () => {
    const late = database.prisma.$transaction(
      async (transaction) => {
        await transaction.account.create({ data: { id: 'late' } });
        await sleep(200);
        await transaction.account.count();
      },
      { timeout: 50 },
    );
    expect(isDatabaseUnreachable(await late.catch((error: unknown) => error))).toBe(true);
    expect(await database.prisma.account.count({ where: { id: 'late' } })).toBe(0);
  });

  it('gives a named lock to one at a time, and frees it when the work fails', async () => {
    const { withLock } = database.connection;
    let finish = (): void => undefined;
    const first = withLock('job', () => new Promise<string>((resolve) => (finish = () => resolve('done'))));
    await until(async () => !(await withLock('job', () => Promise.resolve())).ran);
    expect(await withLock('another', () => Promise.resolve(1))).toEqual({ ran: true, result: 1 });
    finish();
    expect(await first).toEqual({ ran: true, result: 'done' });
    await expect(withLock('job', () => Promise.reject(new Error('on purpose')))).rejects.toThrow('on purpose');
    expect(await withLock('job', () => Promise.resolve(2))).toEqual({ ran: true, result: 2 });
  });

  it('tells listeners of notifications until they stop', async () => {
    const heard: string[] = [];
    const stop = await database.connection.listen('lomu_test', (payload) => heard.push(payload));
    await database.connection.execute(`NOTIFY lomu_test, 'one'`);
    await until(() => heard.length === 1);
    await stop();
    await database.connection.execute(`NOTIFY lomu_test, 'two'`);
    await database.connection.query('SELECT 1');
    expect(heard).toEqual(['one']);
  });
});

(postgresqlUrl ? describe : describe.skip)('a connection to PostgreSQL', () => {
  let proxy: Proxy;
  let url: string;

  beforeEach(async () => {
    proxy = await startProxy(new URL(postgresqlUrl ?? ''));
    url = proxy.url;
  });

  afterEach(() => proxy.close());

  it('lets locks work with a pool that they would fill', async () => {
    const connection = await openPostgresql(url, poolOf(2));
    const nested = Array.from({ length: 5 }, (_, index) => connection.withLock(`nested ${index}`, () => connection.query('SELECT pg_sleep(0.05)::text')));
    expect((await Promise.all(nested)).every(({ ran }) => ran)).toBe(true);
    await connection.close();
  });

  it('listens again after its connection broke, once', async () => {
    const connection = await openPostgresql(url, poolOf(2));
    const heard: string[] = [];
    const stop = await connection.listen('lomu_relisten', (payload) => heard.push(payload));
    proxy.breakAll();
    await until(async () => {
      await connection.execute(`NOTIFY lomu_relisten, 'back'`).catch(() => undefined); // the pool's connections broke too
      return heard.length > 0;
    });
    heard.length = 0;
    await connection.execute(`NOTIFY lomu_relisten, 'exactly once'`);
    await until(() => heard.length > 0);
    await connection.query('SELECT pg_sleep(0.1)::text');
    expect(heard.filter((payload) => payload === 'exactly once')).toHaveLength(1);
    await stop();
    await connection.close();
  });

  it('can be told to be away by the errors it gives, and works when it is back', async () => {
    const connection = await openPostgresql(url, poolOf(2));
    const prisma = new PrismaService(connection);
    const slow = prisma.$queryRaw`SELECT pg_sleep(5)::text`.then(() => undefined, (error: unknown) => error);
    await new Promise((resolve) => setTimeout(resolve, 100));
    proxy.breakAll();
    expect(isDatabaseUnreachable(await slow)).toBe(true);
    const terminated: unknown = await prisma.$queryRaw`SELECT pg_terminate_backend(pg_backend_pid())`.catch((error: unknown) => error);
    expect(isDatabaseUnreachable(terminated)).toBe(true);
    await proxy.refuse();
    for (const query of [() => prisma.account.count(), () => prisma.$queryRaw`SELECT 1`, () => prisma.$executeRaw`SELECT 1`, () => prisma.$transaction((transaction) => transaction.account.count())]) {
      expect(isDatabaseUnreachable(await query().catch((error: unknown) => error))).toBe(true);
    }
    await proxy.accept();
    await prisma.$queryRaw`SELECT 1`;
    const wrong: unknown = await prisma.$queryRaw`SELECT nonsense`.catch((error: unknown) => error);
    expect(isDatabaseUnreachable(wrong)).toBe(false);
    await prisma.$disconnect();
    await connection.close();
  });
});

describe('an unusable DATABASE_URL', () => {
  it.each([
    ['postgres://someone:hunter2@127.0.0.1:1/none', /ECONNREFUSED/],
    ['postgres://someone:hunter2@no-such-host.invalid/none', /ENOTFOUND|EAI_AGAIN/],
    ['postgres://[:hunter2', /Invalid URL/],
  ])('%s is explained without its password', async (url, reason) => {
    const error = (await openPostgresql(url, poolOf(2)).catch((caught: unknown) => caught)) as Error;
    expect(error.name).toBe('DatabaseUnusableError');
    expect(error.message).toMatch(reason);
    expect(error.message).toContain('Check host, port, user, password and database name');
    expect(error.message).not.toContain('hunter2');
  });
});

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let attempt = 0; attempt < 500; attempt++) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('The condition did not come true within five seconds.');
}
