import { LedgerChaos } from '../chaos/ledger/ledger-chaos.js';
import { postgresqlUrl } from '../support/test-database.js';

// `npm run chaos:ledger` kills it a hundred times; the database has to be one that outlives the server.
const KILLS = Number(process.env.CHAOS_KILLS ?? 3);
const SEED = Number(process.env.CHAOS_SEED ?? 1);
const PER_KILL_MS = 30_000;

const describeOnPostgresql = postgresqlUrl ? describe : describe.skip;

describeOnPostgresql(`I3 through ${KILLS} kills (skipped without TEST_DATABASE_URL)`, () => {
  let chaos: LedgerChaos;
  beforeAll(async () => {
    chaos = await LedgerChaos.create(postgresqlUrl as string, SEED);
  }, PER_KILL_MS);
  afterAll(() => chaos.close(), PER_KILL_MS);

  it('ledger, holds and usage agree with each other and with what the emulator served, each time', async () => {
    for (let kill = 1; kill <= KILLS; kill++) {
      const { faults, served, settled, lost } = await chaos.killOnce();
      if (KILLS > 10) process.stdout.write(`kill ${kill}: ${served} calls served, ${settled} settled, ${lost} died with their instance, ${faults.length} faults\n`);
      expect(faults).toEqual([]);
    }
    const { faults, served, settled } = await chaos.recover();
    expect(faults).toEqual([]);
    expect(served).toBeGreaterThan(0);
    expect(settled).toBeGreaterThan(0);
  }, PER_KILL_MS * (KILLS + 2));
});
