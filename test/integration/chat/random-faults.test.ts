import { startQuietApp } from '../../support/chat/quiet-app.js';
import { checkLedger, failAtRandom, FAULTY_ENVIRONMENT, makeRuns, seeded } from '../../support/chat/random-faults.js';
import { type GeminiEmulator, startGeminiEmulator } from '../../support/gemini-emulator/index.js';
import type { TestApp } from '../../support/test-app.js';
import { createTestWorkspace, type TestWorkspace } from '../../support/test-workspace.js';

// The short form of `npm run bench:failures`.

let gemini: GeminiEmulator;
let workspace: TestWorkspace;
let lomu: TestApp;

beforeAll(async () => {
  gemini = await startGeminiEmulator();
  workspace = await createTestWorkspace({ 'a.ts': 'a', 'b.ts': 'b' });
  lomu = await startQuietApp({ workspace, environment: { ...gemini.environment, ...FAULTY_ENVIRONMENT, FALLBACK_MODEL: 'gemini/gemini-3.5-flash' } });
});
afterAll(async () => {
  await lomu.close();
  await gemini.close();
  await workspace.remove();
});

it('against a model of which 30 % of the calls fail at random, nearly all runs succeed, each has one end, and the ledger is exact', async () => {
  const faults = failAtRandom(gemini, 0.3, seeded(7));
  const runs = 40;
  const { completed, withoutOneEnd } = await makeRuns(lomu, runs, 8);
  expect(faults.size).toBeGreaterThan(10);
  expect(withoutOneEnd).toBe(0); // I1
  expect(completed / runs).toBeGreaterThanOrEqual(0.95);
  const { postedNanoUsd, ledgerNanoUsd, ...rest } = await checkLedger(lomu);
  expect(rest).toEqual({ heldNanoUsd: 0n, openHolds: 0, unexplainedNanoUsd: 0n }); // I3
  expect(postedNanoUsd).toBe(ledgerNanoUsd);
}, 300_000); // a few seconds, unless the machine is busy
