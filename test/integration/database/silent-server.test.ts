import { type DatabaseConnection, isDatabaseUnreachable, openPostgresql, PrismaService } from '../../../src/database/index.js';
import { newId } from '../../../src/common/index.js';
import { type Proxy, startProxy } from '../../support/cuttable-proxy.js';
import { createTestDatabase, postgresqlUrl, type TestDatabase } from '../../support/test-database.js';

const STATEMENT_TIMEOUT_MS = 1_000;
/** What a connection may be silent beyond that, with a margin for a busy machine. */
const CLOSED_WITHIN_MS = STATEMENT_TIMEOUT_MS + 8_000;

// A server that stops answering without closing anything: a network that drops packets, a host that is gone.
(postgresqlUrl ? describe : describe.skip)('a PostgreSQL that falls silent (needs TEST_DATABASE_URL)', () => {
  let database: TestDatabase;
  let proxy: Proxy;
  let connection: DatabaseConnection;
  let prisma: PrismaService;

  beforeEach(async () => {
    database = await createTestDatabase();
    proxy = await startProxy(new URL(database.url ?? ''));
    connection = await openPostgresql(proxy.url, { poolSize: 4, statementTimeoutMs: STATEMENT_TIMEOUT_MS });
    prisma = new PrismaService(connection);
    await seed();
  });
  afterEach(async () => {
    await prisma.$disconnect();
    await connection.close();
    await proxy.close();
    await database.close();
  });

  const seed = () => database.prisma.conversation.create({ data: { id: newId(), userId: 'somebody', title: 'before' } });
  const rename = (client: Pick<PrismaService, 'conversation'>, title: string) => client.conversation.updateMany({ data: { title } });
  const unreachable = async (work: Promise<unknown>): Promise<boolean> => work.then(() => false, isDatabaseUnreachable);

  it('fails what it was asked in time, as unreachable, and serves again when it speaks', async () => {
    proxy.fallSilent();
    const startedAtMs = Date.now();
    expect(await Promise.all([unreachable(connection.query('SELECT 1')), unreachable(prisma.conversation.findMany()), unreachable(connection.withLock('silent', async () => undefined))])).toEqual([true, true, true]);
    expect(Date.now() - startedAtMs).toBeLessThan(CLOSED_WITHIN_MS);
    proxy.speak();
    expect(await Promise.all(Array.from({ length: 8 }, () => connection.query('SELECT 1 AS one')))).toEqual(Array(8).fill([{ one: 1 }]));
    expect(await connection.withLock('silent', async () => 'free')).toEqual({ ran: true, result: 'free' });
  });

  it('leaves no connection in the middle of a transaction, and no row locked', async () => {
    const broken = prisma.$transaction(async (tx) => {
      await rename(tx, 'inside');
      proxy.fallSilent();
      await rename(tx, 'silent');
    }, { timeout: 60_000 });
    expect(await unreachable(broken)).toBe(true);
    await rename(database.prisma, 'somebody else'); // waits for the lock of the row, on a way of its own
    proxy.speak();
    await Promise.all(Array.from({ length: 8 }, (_, index) => rename(prisma, `after ${index}`)));
    expect(await database.prisma.conversation.findMany()).toMatchObject([{ title: expect.stringMatching(/^after \d$/) }]);
  });

  it('does not keep a connection from being closed', async () => {
    await connection.listen('lomu_silent', () => undefined);
    proxy.fallSilent();
    const startedAtMs = Date.now();
    await connection.close();
    expect(Date.now() - startedAtMs).toBeLessThan(CLOSED_WITHIN_MS);
    connection = { ...connection, close: async () => undefined };
  });

  it('cancels a statement that takes too long, but lets a migration take its time', async () => {
    expect(await unreachable(connection.query('SELECT pg_sleep(3)::text'))).toBe(true);
    expect(await unreachable(prisma.$queryRaw`SELECT pg_sleep(3)::text`)).toBe(true);
    await connection.execute('SELECT pg_sleep(3); UPDATE conversations SET title = \'migrated\'');
    expect(await database.prisma.conversation.findMany()).toMatchObject([{ title: 'migrated' }]);
  });
});
