import type { DetectorFinding, Rung } from '../../src/failure-detection/index.js';
import { healthyTrajectories } from '../support/failure-detection/healthy-trajectories.js';
import { loopTrajectories } from '../support/failure-detection/loop-trajectories.js';
import { startMonitor, watch, type WatchedFinding } from '../support/failure-detection/watch-trajectory.js';

// How right the loop detectors are on written trajectories, and what they cost. Run by: npm run bench:detectors

const healthy = healthyTrajectories();
const loops = loopTrajectories();
const stoppable = loops.filter(({ mayStop }) => mayStop);
const has = (findings: readonly DetectorFinding[], ...rungs: Rung[]): boolean => findings.some(({ rung }) => rungs.includes(rung));
const percent = (part: number, whole: number): string => (whole === 0 ? '–' : `${((100 * part) / whole).toFixed(1)} %`);

interface Figures {
  readonly truePositives: number;
  readonly falsePositives: number;
  readonly positives: number;
}

function line(what: string, { truePositives, falsePositives, positives }: Figures): string {
  const columns = [
    `precision ${percent(truePositives, truePositives + falsePositives)}`,
    `recall ${percent(truePositives, positives)}`,
    `${truePositives} of ${positives} loops`,
    `${falsePositives} of ${healthy.length} healthy runs`,
  ];
  return [what.padEnd(26), ...columns.map((column) => column.padEnd(20))].join(' ');
}

describe('detectors', () => {
  it('precision and recall', () => {
    const healthyFindings = healthy.map((work) => watch(work));
    const loopFindings = loops.map(({ work, expected }) => watch(work).filter(({ detector }) => expected.includes(detector)));
    const stopFindings = stoppable.map(({ work }) => watch(work));
    const caught = (some: (findings: readonly WatchedFinding[]) => boolean, among: readonly (readonly WatchedFinding[])[]): number => among.filter(some).length;
    const isTold = (findings: readonly WatchedFinding[]): boolean => findings.length > 0;
    const isStopped = (findings: readonly WatchedFinding[]): boolean => has(findings, 'stop');
    const told = { truePositives: caught(isTold, loopFindings), falsePositives: caught(isTold, healthyFindings), positives: loops.length };
    const stopped = { truePositives: caught(isStopped, stopFindings), falsePositives: caught(isStopped, healthyFindings), positives: stoppable.length };
    const stepsToWord = median(loops.map(({ healthySteps }, index) => (loopFindings[index]?.[0]?.iteration ?? Infinity) - healthySteps));
    const stepsToStop = median(stoppable.map(({ healthySteps }, index) => (stopFindings[index]?.at(-1)?.iteration ?? Infinity) - healthySteps));
    console.log(
      [
        `${healthy.length} healthy runs of ${sum(healthy.map(({ steps }) => steps.length))} steps, ${loops.length} loops`,
        line('a word or more', told),
        line('ends the run', stopped),
        `steps of a loop until the first word: median ${stepsToWord}; until the end: median ${stepsToStop}`,
        'healthy runs that are told something:',
        ...healthy.flatMap(({ name }, index) => {
          const findings = healthyFindings[index] ?? [];
          return findings.length === 0 ? [] : [`  ${name}: ${[...new Set(findings.map(({ detector, rung }) => `${detector} ${rung}`))].join(', ')}`];
        }),
      ].join('\n'),
    );
    expect(stopped.falsePositives).toBe(0);
    expect(stopped.truePositives).toBe(stoppable.length);
    expect(told.truePositives).toBe(loops.length);
  });

  it('cost', () => {
    const steps = sum(healthy.map((work) => work.steps.length));
    const best = Math.min(...Array.from({ length: 5 }, () => elapsedMs(() => healthy.forEach((work) => work.steps.forEach(((monitor) => (step) => monitor.observe(step))(startMonitor(work.intent)))))));
    const text = 'The quick brown fox jumps over the lazy dog while the cat looks on. '.repeat(2_000);
    const chunks = text.match(/.{1,20}/gs) ?? [];
    const streaming = Math.min(
      ...Array.from({ length: 5 }, () => {
        const answer = startMonitor('default').watchAnswer();
        return elapsedMs(() => chunks.forEach((chunk) => answer.push(chunk)));
      }),
    );
    console.log(`${((best * 1_000) / steps).toFixed(1)} µs per step, ${((streaming * 1_000) / chunks.length).toFixed(2)} µs per chunk of an answer`);
  });
});

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function elapsedMs(action: () => void): number {
  const startedAt = performance.now();
  action();
  return performance.now() - startedAt;
}
