import { ControlToken, runAccessCommand } from '../../../src/auth/index.js';
import { SystemClock } from '../../../src/common/index.js';
import { type DatabaseConnection, openPGlite, PrismaService } from '../../../src/database/index.js';
import { type AccessApp, startAccessApp } from '../../support/auth/access-app.js';
import { bearer, call } from '../../support/auth/call.js';
import { type DataDir, makeMigratedDataDir } from '../../support/database/data-dir.js';
import { FixedLimits } from '../../support/streaming/fixed-limits.js';
import { postgresqlUrl } from '../../support/test-database.js';

describe('npm run access', () => {
  let dataDir: DataDir;

  beforeAll(async () => {
    dataDir = await makeMigratedDataDir();
  });

  afterAll(() => dataDir.remove());

  async function access(args: string, environment: Record<string, string> = { DATA_DIR: dataDir.path }): Promise<{ code: number; results: string[]; notes: string[] }> {
    const [results, notes]: [string[], string[]] = [[], []];
    const code = await runAccessCommand(args.split(' ').filter(Boolean), { result: (text) => results.push(text), note: (text) => notes.push(text) }, environment);
    return { code, results, notes };
  }

  it.each(['', '--help', 'create-key --help', 'help'])('explains itself: %s', async (args) => {
    const { code, results } = await access(args);
    expect(code).toBe(0);
    expect(results.join()).toMatch(/create-key.*list-keys.*revoke-key/s);
  });

  it.each([
    ['make-key', 'make-key'],
    ['create-key --role admin', '--user is missing'],
    ['create-key --user', "'--user"],
    ['create-key --user alice --role owner', 'role'],
    ['create-key --user alice --scopes everything', 'scopes'],
    ['create-key --user alice --expires-at tomorrow', 'expiresAt'],
    ['create-key --user alice --colour red', '--colour'],
    ['create-key alice', 'alice'],
    ['revoke-key', '--id is missing'],
    ['list-keys --user alice', '--user'],
  ])('refuses %j and says why', async (args, fault) => {
    const { code, results, notes } = await access(args);
    expect({ code, results }).toEqual({ code: 2, results: [] });
    expect(notes.join()).toContain(fault);
  });

  it('says what is wrong with the configuration or the database, without secrets', async () => {
    const misconfigured = await access('list-keys', { PORT: 'abc', AUTH_MODE: 'no' });
    expect(misconfigured.code).toBe(1);
    expect(misconfigured.notes.join()).toMatch(/PORT.*AUTH_MODE/s);
    const unreachable = await access('list-keys', { DATABASE_URL: 'postgres://root:hunter2@127.0.0.1:1/none' });
    expect(unreachable.code).toBe(1);
    expect(unreachable.notes.join()).toMatch(/^DATABASE_URL cannot be used: .*ECONNREFUSED/);
    expect(unreachable.notes.join()).not.toContain('hunter2');
  });

  it('makes, lists and revokes keys in the database while no server holds it', async () => {
    const made = await access('create-key --user alice --role admin --scopes billing,metrics --plan pro');
    expect(made).toMatchObject({ code: 0, notes: [] });
    expect(made.results).toEqual([expect.stringMatching(/^lomu_[\w-]{43}$/)]);
    const listed = await access('list-keys');
    const [, row = ''] = listed.results.join().split('\n');
    expect(row).toContain('alice');
    expect(row).toContain('billing,metrics');
    expect(row).not.toContain(made.results[0]);
    const id = row.split(' ')[0];
    expect((await access(`revoke-key --id ${id}`)).code).toBe(0);
    expect((await access('list-keys')).results.join()).toMatch(/never +never +\d{4}-\d\d-\d\dT/);
    expect(await access('revoke-key --id unknown')).toMatchObject({ code: 1, notes: [expect.stringContaining('There is no API key')] });
  });

  describe('while a server holds the embedded database', () => {
    let connection: DatabaseConnection;
    let prisma: PrismaService;
    let server: AccessApp;

    beforeAll(async () => {
      connection = await openPGlite(dataDir.path);
      prisma = new PrismaService(connection);
      server = await startAccessApp({ connection, prisma, close: () => Promise.resolve() }, new SystemClock(), new FixedLimits(), { AUTH_MODE: 'api-key' });
    });

    afterAll(async () => {
      await server.close();
      await prisma.$disconnect();
      await connection.close();
    });

    it('waits for the server that is starting, works through it, and takes effect at once', async () => {
      const making = access('create-key --user bob --role admin');
      await new Promise((resolve) => setTimeout(resolve, 200));
      await connection.publishControl({ url: server.url, token: server.app.get(ControlToken).value });
      const { code, results } = await making;
      expect(code).toBe(0);
      const key = results[0] ?? '';
      const plain = (): ReturnType<typeof call> => call(`${server.url}/probe/plain`, { headers: bearer(key) });
      expect((await plain()).body).toMatchObject({ userId: 'bob', role: 'admin' });

      const row = (await access('list-keys')).results.join().split('\n').find((line) => line.includes('bob'));
      expect((await access(`revoke-key --id ${row?.split(' ')[0]}`)).code).toBe(0);
      expect((await plain()).status).toBe(401);
    });

    it('passes on what the server says, and says when it does not answer', async () => {
      expect(await access('revoke-key --id unknown')).toMatchObject({ code: 1, notes: [expect.stringContaining('There is no API key')] });
      await connection.publishControl({ url: 'http://127.0.0.1:1', token: 'control_x' });
      expect(await access('list-keys')).toMatchObject({ code: 1, notes: [expect.stringContaining('does not answer')] });
    });
  });

  (postgresqlUrl ? it : it.skip)('works on PostgreSQL beside running servers', async () => {
    const { createPostgresqlDatabase } = await import('../../support/test-database.js');
    const database = await createPostgresqlDatabase(postgresqlUrl ?? '');
    const { code, results } = await access('create-key --user carol', { DATABASE_URL: database.url ?? '' });
    expect(code).toBe(0);
    expect(results).toHaveLength(1);
    expect(await database.prisma.apiKey.findMany({ select: { accountId: true, role: true, createdBy: true } })).toEqual([{ accountId: 'carol', role: 'user', createdBy: 'local' }]);
    await database.close();
  });
});
