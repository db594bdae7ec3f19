import { DatabaseChaos } from '../chaos/database/database-chaos.js';

// `npm run chaos:database` kills it a hundred times.
const KILLS = Number(process.env.CHAOS_KILLS ?? 3);
const SEED = Number(process.env.CHAOS_SEED ?? 1);
const PER_KILL_MS = 70_000;

describe(`${KILLS} kills of the embedded database while it is written to`, () => {
  let chaos: DatabaseChaos;
  beforeAll(async () => {
    chaos = await DatabaseChaos.create(SEED);
  });
  afterAll(() => chaos.close());

  it('it opens again each time, and nothing that was acknowledged is lost', async () => {
    for (let kill = 1; kill <= KILLS; kill++) {
      const faults = await chaos.killOnce();
      if (KILLS > 10) process.stdout.write(`kill ${kill}: ${chaos.acknowledged.length} writes acknowledged, ${faults.length} faults\n`);
      expect(faults).toEqual([]);
    }
    expect(chaos.acknowledged.length).toBeGreaterThan(0);
  }, PER_KILL_MS * (KILLS + 1));
});
