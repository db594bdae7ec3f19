import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { startQuietApp } from '../support/chat/quiet-app.js';
import { checkLedger, failAtRandom, FAULTY_ENVIRONMENT, makeRuns, seeded } from '../support/chat/random-faults.js';
import { startGeminiEmulator } from '../support/gemini-emulator/index.js';
import { createTestWorkspace } from '../support/test-workspace.js';

// What becomes of runs when 30 % of all model calls fail at random. Run by: npm run bench:failures, with RUNS=500 for fewer than 10 000.

const RUNS = Number(process.env.RUNS ?? 10_000);
const CONCURRENT = 16;
const SHARE = 0.3;
const SAMPLES = 10;

setFlagsFromString('--expose_gc');
const collectGarbage = runInNewContext('gc') as () => void;

function heapMebibytes(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed / 2 ** 20;
}

it(`makes ${RUNS} runs against a model of which ${SHARE * 100} % of the calls fail`, async () => {
  const gemini = await startGeminiEmulator({ maxRecordedCalls: 10 });
  const workspace = await createTestWorkspace({ 'a.ts': 'a', 'b.ts': 'b' });
  const lomu = await startQuietApp({ workspace, environment: { ...gemini.environment, ...FAULTY_ENVIRONMENT, LIMIT_STREAM_MAX_EVENTS_PER_INSTANCE: '5000', FALLBACK_MODEL: 'gemini/gemini-3.5-flash' } });
  const faults = failAtRandom(gemini, SHARE, seeded(42));
  const heap: number[] = [];
  const startedAtMs = performance.now();
  const result = await makeRuns(lomu, RUNS, CONCURRENT, (done) => {
    if (done % Math.ceil(RUNS / SAMPLES) === 0) heap.push(heapMebibytes());
  });
  const seconds = (performance.now() - startedAtMs) / 1000;
  const ledger = await checkLedger(lomu);
  const incidents = await lomu.database.prisma.failureIncident.groupBy({ by: ['outcome'], _count: true });
  const sorted = [...result.durationsMs].sort((a, b) => a - b);
  const quantile = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  console.log(
    [
      `runs            ${RUNS} in ${seconds.toFixed(0)} s, ${CONCURRENT} at a time; ${result.modelCalls} model calls`,
      `succeeded       ${result.completed} (${((100 * result.completed) / RUNS).toFixed(2)} %)`,
      `failed          ${[...result.failures].map(([pattern, count]) => `${pattern} ${count}`).join(', ') || 'none'}`,
      `not one end     ${result.withoutOneEnd}`,
      `faults          ${[...faults].map(([name, count]) => `${name} ${count}`).join(', ')}`,
      `incidents       ${incidents.map(({ outcome, _count }) => `${outcome} ${_count}`).join(', ')}`,
      `duration        p50 ${quantile(0.5)} ms, p99 ${quantile(0.99)} ms`,
      `heap            ${heap.map((mebibytes) => mebibytes.toFixed(0)).join(' ')} MiB, each after a tenth of the runs`,
      `ledger          posted ${ledger.postedNanoUsd} = entries ${ledger.ledgerNanoUsd}, held ${ledger.heldNanoUsd}, unexplained ${ledger.unexplainedNanoUsd}`,
    ].join('\n'),
  );
  await lomu.close();
  await gemini.close();
  await workspace.remove();
  expect(result.withoutOneEnd).toBe(0); // I1
  expect(result.completed / RUNS).toBeGreaterThanOrEqual(0.95);
  expect(ledger).toMatchObject({ heldNanoUsd: 0n, openHolds: 0, unexplainedNanoUsd: 0n }); // I3
  expect(ledger.postedNanoUsd).toBe(ledger.ledgerNanoUsd);
  expect(Math.max(...heap.slice(-2))).toBeLessThan(1.3 * (heap[1] ?? Infinity));
}, 3_600_000);
