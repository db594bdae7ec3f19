import { fileURLToPath } from 'node:url';
import { schemaDiff } from '../../../.ci/schema-diff.mjs';
import { createPGliteDatabase, type TestDatabase } from '../../support/test-database.js';

const schemaPath = fileURLToPath(new URL('../../../prisma/schema.prisma', import.meta.url));

describe('the migrated database', () => {
  let database: TestDatabase;

  // Always the embedded one: the engine cannot read what PostgreSQL's adapter gives for its catalogue's "char" columns.
  beforeAll(async () => {
    database = await createPGliteDatabase();
  });

  afterAll(() => database.close());

  it('is what prisma/schema.prisma says', async () => {
    expect(await schemaDiff(database.connection.adapter, schemaPath)).toBe('');
  });

  it('would be told from one that is not', async () => {
    await database.connection.execute('ALTER TABLE accounts DROP COLUMN plan; ALTER TABLE runs ALTER COLUMN intent DROP NOT NULL; DROP INDEX api_keys_hash_key;');
    const sql = await schemaDiff(database.connection.adapter, schemaPath);
    expect(sql).toContain('ADD COLUMN     "plan" TEXT NOT NULL');
    expect(sql).toContain('ALTER COLUMN "intent" SET NOT NULL');
    expect(sql).toContain('CREATE UNIQUE INDEX "api_keys_hash_key"');
  });

  /** The schema cannot say these, so nothing else notices when one gets lost. */
  it('has the rules that are written by hand', async () => {
    const names = async (sql: string): Promise<string[]> => (await database.connection.query<{ name: string }>(sql)).map(({ name }) => name);
    expect(await names(`SELECT tgname AS name FROM pg_trigger WHERE NOT tgisinternal`)).toEqual(expect.arrayContaining(['ledger_entries_append_only', 'ledger_entries_no_truncate']));
    expect(await names(`SELECT conname AS name FROM pg_constraint WHERE contype = 'c' AND connamespace = 'public'::regnamespace`)).toEqual(
      expect.arrayContaining(['credit_accounts_held_check', 'credit_holds_amount_check', 'credit_holds_status_check', 'runs_status_check']),
    );
    expect(await names(`SELECT indexrelid::regclass::text AS name FROM pg_index WHERE indpred IS NOT NULL`)).toEqual(
      expect.arrayContaining(['ledger_entries_capture_key', 'runs_one_begun_per_conversation']),
    );
  });
});
