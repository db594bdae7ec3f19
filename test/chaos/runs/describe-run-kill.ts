import type { ChaosBackend } from './chaos-backend.js';
import { RunChaos } from './run-chaos.js';

// `npm run chaos:runs` kills a hundred times.
const KILLS = Number(process.env.CHAOS_KILLS ?? 3);
const SEED = Number(process.env.CHAOS_SEED ?? 1);
const isLong = KILLS > 10;
const ITERATION_TIMEOUT_MS = isLong ? 30_000 : 10_000;
const PER_KILL_MS = 30_000;

/** The same load and the same judgement whatever the instances share. */
export function describeRunKill(name: string, isHere: boolean, createBackend: () => Promise<ChaosBackend>): void {
  (isHere ? describe : describe.skip)(`${KILLS} kills of ${name}`, () => {
    let chaos: RunChaos;
    beforeAll(async () => {
      chaos = await RunChaos.create(await createBackend(), SEED, ITERATION_TIMEOUT_MS);
    }, PER_KILL_MS);
    afterAll(() => chaos.close(), PER_KILL_MS);

    it('I1, I2, I3, I4: every run ends once, its clients miss and repeat nothing, its file is changed once and its calls are paid once', async () => {
      const startedAt = Date.now();
      const result = await chaos.run(KILLS, (kill, runs) => isLong && process.stdout.write(`kill ${kill}: ${runs} runs\n`));
      if (isLong) process.stdout.write(`${name}, seed ${SEED}, ${KILLS} kills, ${Math.round((Date.now() - startedAt) / 1000)} s: ${JSON.stringify({ ...result, faults: result.faults.length })}\n`);
      expect(result.faults).toEqual([]);
      expect(result).toMatchObject({ runs: expect.any(Number), takeovers: expect.any(Number) });
      expect(result.takeovers).toBeGreaterThan(0);
      expect(result.statuses.completed).toBeGreaterThan(0);
    }, PER_KILL_MS * (KILLS + 4));
  });
}
