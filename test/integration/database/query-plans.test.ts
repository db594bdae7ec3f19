import { startQuietApp } from '../../support/chat/quiet-app.js';
import { type PlanRecorder, recordPlans } from '../../support/scale/executed-plans.js';
import { createOperations, type Operation } from '../../support/scale/operations.js';
import { findSlowScans } from '../../support/scale/plan-rules.js';
import { LOCAL_USER, seedVolume } from '../../support/scale/seed-volume.js';
import { createPostgresqlDatabase, openTestDatabase, postgresqlUrl, type TestDatabase } from '../../support/test-database.js';
import type { TestApp } from '../../support/test-app.js';

// PGlite has no way to say how it executed what. test/bench/scale.bench.ts does the same with a million messages.
const title = 'what is asked of the database all the time';
(postgresqlUrl ? describe : describe.skip)(postgresqlUrl ? title : `${title} (skipped: set TEST_DATABASE_URL)`, () => {
  let owner: TestDatabase;
  let database: TestDatabase;
  let lomu: TestApp;
  let recorder: PlanRecorder;
  let operations: Operation[];

  beforeAll(async () => {
    owner = await createPostgresqlDatabase(postgresqlUrl ?? '');
    await seedVolume(owner.url as string, { conversations: 2_000, users: 400, longConversationMessages: 800, activeRuns: 10 });
    recorder = recordPlans(owner.url as string, { enable_seqscan: 'off' }); // the tables are too small for an index to always pay, as it does once they have grown
    database = await openTestDatabase(recorder.url);
    lomu = await startQuietApp({ database });
    operations = await createOperations(lomu);
  }, 60_000);

  afterAll(async () => {
    recorder.close();
    await lomu.close();
    await database.close();
    await owner.close();
  });

  it('is looked up by an index, and reads few rows besides those it answers with', async () => {
    const slow: string[] = [];
    for (const { name, run, settle } of operations) {
      const plans = await recorder.during(async () => {
        await run();
        await settle?.();
      });
      expect({ name, isRecorded: plans.length > 0 }).toEqual({ name, isRecorded: true });
      slow.push(...findSlowScans(name, plans));
    }
    expect(slow).toEqual([]);
  }, 60_000);

  it('would be told from what goes through a table', async () => {
    const plans = await recorder.during(() => database.connection.query(`SELECT text FROM messages WHERE text LIKE '%nothing like it%'`));
    expect(findSlowScans('a search', plans)).toEqual([expect.stringContaining('Seq Scan of messages')]);
    const filtered = await recorder.during(() => database.connection.query(`SELECT id FROM conversations WHERE user_id <> '${LOCAL_USER}' ORDER BY last_active_at LIMIT 999`));
    expect(findSlowScans('a filter', filtered)).toEqual([expect.stringContaining('of conversations')]);
  });
});
