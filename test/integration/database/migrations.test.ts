import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { applyMigrations, connectPGlite, type DatabaseConnection, MIGRATIONS_DIRECTORY, openPostgresql, readMigrations } from '../../../src/database/index.js';
import { newId } from '../../../src/common/index.js';
import { seedRun, seedRunIn } from '../../support/chat/seed-run.js';
import { createPostgresqlDatabase, createTestDatabase, poolOf, postgresqlUrl, type TestDatabase } from '../../support/test-database.js';

interface Row {
  readonly migration_name: string;
  readonly checksum: string;
  readonly finished_at: Date | null;
  readonly applied_steps_count: number;
}

describe('applyMigrations', () => {
  let database: TestDatabase;
  let directory: string;

  // One database for all cases: each begins with an empty history.
  beforeAll(async () => {
    database = await createTestDatabase();
  });

  afterAll(() => database.close());

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'lomu-migrations-'));
    await database.connection.execute('DROP TABLE "_prisma_migrations"; DROP TABLE IF EXISTS first, second;');
    await write('20260101000000_first', 'CREATE TABLE first (id INT); -- a comment at the end');
    await writeFile(join(directory, 'migration_lock.toml'), 'provider = "postgresql"');
  });

  afterEach(() => rm(directory, { recursive: true, force: true }));

  async function write(name: string, sql: string): Promise<void> {
    await mkdir(join(directory, name), { recursive: true });
    await writeFile(join(directory, name, 'migration.sql'), sql);
  }

  const apply = (connection: DatabaseConnection = database.connection): Promise<string[]> => applyMigrations(connection, directory);
  const rows = (): Promise<Row[]> => database.connection.query<Row>('SELECT * FROM "_prisma_migrations" ORDER BY migration_name');

  it('applies what is missing, in order, once', async () => {
    expect(await apply()).toEqual(['20260101000000_first']);
    await write('20260102000000_second', 'CREATE TABLE second (id INT);');
    expect(await apply()).toEqual(['20260102000000_second']);
    expect(await apply()).toEqual([]);
    const checksums = new Map((await readMigrations(directory)).map((migration) => [migration.name, migration.checksum]));
    expect(await rows()).toEqual(
      [...checksums].map(([migration_name, checksum]) => expect.objectContaining({ migration_name, checksum, finished_at: expect.any(Date), applied_steps_count: 1, logs: null, rolled_back_at: null })),
    );
  });

  it('keeps nothing of a migration that fails, and tries it again', async () => {
    await write('20260102000000_second', 'CREATE TABLE second (id INT); INSERT INTO second VALUES (1); SELECT nonsense;');
    await expect(apply()).rejects.toThrow(/20260102000000_second failed and was rolled back: .*nonsense/);
    expect((await rows()).map((row) => row.migration_name)).toEqual(['20260101000000_first']);
    await write('20260102000000_second', 'CREATE TABLE second (id INT);');
    expect(await apply()).toEqual(['20260102000000_second']);
  });

  it('refuses a file that was changed after it had been applied', async () => {
    await apply();
    await write('20260101000000_first', 'CREATE TABLE first (id BIGINT);');
    await expect(apply()).rejects.toThrow(/20260101000000_first was changed/);
  });

  it('refuses a database of a newer version', async () => {
    await write('20260102000000_second', 'CREATE TABLE second (id INT);');
    await apply();
    await rm(join(directory, '20260102000000_second'), { recursive: true });
    await expect(apply()).rejects.toThrow(/does not know: 20260102000000_second/);
  });

  it("refuses what Prisma's own tool left half-way, and passes over what was rolled back", async () => {
    await apply();
    await database.connection.execute(`UPDATE "_prisma_migrations" SET finished_at = NULL`);
    await expect(apply()).rejects.toThrow(/failed half-way/);
    await database.connection.execute(`UPDATE "_prisma_migrations" SET rolled_back_at = now(); DROP TABLE first;`);
    expect(await apply()).toEqual(['20260101000000_first']);
  });

  it('keeps its history in the columns of prisma migrate', async () => {
    await apply();
    const columns = await database.connection.query<{ line: string }>(
      `SELECT column_name || ' ' || data_type || COALESCE('(' || character_maximum_length || ')', '') || CASE is_nullable WHEN 'NO' THEN ' not null' ELSE '' END AS line
       FROM information_schema.columns WHERE table_name = '_prisma_migrations' ORDER BY ordinal_position`,
    );
    expect(columns.map(({ line }) => line)).toEqual([
      'id character varying(36) not null',
      'checksum character varying(64) not null',
      'finished_at timestamp with time zone',
      'migration_name character varying(255) not null',
      'logs text',
      'rolled_back_at timestamp with time zone',
      'started_at timestamp with time zone not null',
      'applied_steps_count integer not null',
    ]);
  });

  it('takes turns when instances start together', async () => {
    const connections = database.url ? await Promise.all([1, 2, 3].map(() => openPostgresql(database.url ?? '', poolOf(2)))) : [database.connection, database.connection];
    const applied = await Promise.all(connections.map((connection) => apply(connection)));
    expect(applied.flat()).toEqual(['20260101000000_first']);
    if (database.url) await Promise.all(connections.map((connection) => connection.close()));
  });
});

describe('the real migrations', () => {
  it('build an empty database up, and find nothing left to do', async () => {
    if (postgresqlUrl) return (await createPostgresqlDatabase(postgresqlUrl, 'template1')).close(); // applies them itself
    const connection = connectPGlite(await PGlite.create());
    const names = (await readMigrations(MIGRATIONS_DIRECTORY)).map(({ name }) => name);
    expect(await applyMigrations(connection, MIGRATIONS_DIRECTORY)).toEqual(names);
    expect(await applyMigrations(connection, MIGRATIONS_DIRECTORY)).toEqual([]);
    await connection.close();
  });

  it('let the later of two runs of a conversation that had both begun begin again', async () => {
    const database = await createTestDatabase();
    const { prisma } = database;
    const begun = { status: 'queued', startedAt: new Date() };
    const [alone, first] = [await seedRun(prisma, begun), await seedRun(prisma, begun)];
    const later = newId();
    await database.connection.execute('DROP INDEX "runs_one_begun_per_conversation"; CREATE INDEX "runs_one_active_per_conversation" ON "runs"("conversation_id");'); // as it was
    await seedRunIn(prisma, { ...first, id: later, assistantMessageId: newId() }, begun);
    await database.connection.execute(await readFile(join(MIGRATIONS_DIRECTORY, '20261130213000_one_begun_run', 'migration.sql'), 'utf8'));
    const rows = await prisma.run.findMany({ where: { startedAt: null }, select: { id: true } });
    expect(rows).toEqual([{ id: later }]);
    expect(await prisma.run.count({ where: { id: { in: [alone.id, first.id] }, startedAt: { not: null } } })).toBe(2);
    await database.close();
  });

  it('end in a semicolon, so that what follows them is a statement of its own', async () => {
    for (const { name } of await readMigrations(MIGRATIONS_DIRECTORY)) {
      expect((await readFile(join(MIGRATIONS_DIRECTORY, name, 'migration.sql'), 'utf8')).trimEnd()).toMatch(/;$/);
    }
  });
});
