import type { DetectorName } from '../../../src/failure-detection/detectors/detector.js';
import { type LimitKey, LIMITS } from '../../../src/limits/index.js';
import { edit, failedEdit, type PlannedAct, read, run, Trajectory, times } from '../../support/failure-detection/trajectory.js';
import { startMonitor, watch } from '../../support/failure-detection/watch-trajectory.js';

type DetectorKey = Extract<LimitKey, `detector.${string}`>;
type Thresholds = Readonly<Partial<Record<LimitKey, number>>>;

const NEVER = 1_000;
const SENTENCE = 'Let me check the file once more to be sure that it is right. ';

function repeated(count: number, ...acts: PlannedAct[]): Trajectory {
  const work = new Trajectory('repeated');
  times(count, () => work.do(...acts));
  return work;
}

/** Work that goes astray in one way, `count` times over. */
const ASTRAY: Readonly<Record<string, { readonly detector: DetectorName; readonly work: (count: number) => Trajectory }>> = {
  repeatedRead: { detector: 'repeated_read', work: (count) => repeated(count, read('a.ts', 'code')) },
  callCycle: { detector: 'call_cycle', work: (count) => repeated(count, run('a', '1')) },
  repeatedResult: {
    detector: 'repeated_result',
    work: (count) => {
      const work = new Trajectory('now and then');
      times(count, (n) => work.do(run('npm test', 'PASS'), read(`${n}.ts`, `${n}`)));
      return work;
    },
  },
  failingCall: {
    detector: 'failing_call',
    work: (count) => {
      const work = new Trajectory('stubborn');
      times(count, (n) => work.do(failedEdit('a.ts', 'x')).do(read(`${n}.ts`, `${n}`)));
      return work;
    },
  },
  recurringError: {
    detector: 'recurring_error',
    work: (count) => {
      const work = new Trajectory('the same error');
      times(count, (n) => work.do(edit('a.ts', `v${n}`)).do(run('npx tsc', "a.ts(1,3): error TS2304: Cannot find name 'x'.", false)));
      return work;
    },
  },
  editOscillation: {
    detector: 'edit_oscillation',
    work: (count) => {
      const work = new Trajectory('to and fro');
      times(count * 2 + 1, (n) => work.do(edit('a.ts', n % 2 ? 'B' : 'A'), run(`check ${n}`, `${n}`)));
      return work;
    },
  },
  repeatedText: {
    detector: 'repeated_text',
    work: (count) => {
      const work = new Trajectory('talk');
      times(count, () => work.say('I will now look at the configuration and change what has to be changed there.'));
      return work;
    },
  },
  chanting: {
    detector: 'chanting',
    work: (count) => {
      const work = new Trajectory('chant');
      times(count, (n) => work.say(`${n} ${SENTENCE.repeat(20)}`).do(edit('a.ts', `${n}`)));
      return work;
    },
  },
};

const OUT_OF_REACH: Thresholds = Object.fromEntries(Object.keys(LIMITS).filter((key) => /^detector\..*\.(nudge|restrict|block|escalate|stop)$/.test(key)).map((key) => [key, NEVER]));

/** All rungs but one lie out of reach. */
function onlyRung(key: DetectorKey, threshold: number): Thresholds {
  return { ...OUT_OF_REACH, [key]: threshold };
}

function climbed(work: Trajectory, detector: DetectorName, rung: string, thresholds: Thresholds): number[] {
  return watch(work, { thresholds, hasArchitect: rung === 'escalate' })
    .filter((finding) => finding.detector === detector && finding.rung === rung)
    .map(({ count }) => count);
}

const RUNG_KEYS = [
  'repeatedRead.nudge', 'repeatedRead.escalate', 'repeatedRead.stop',
  'callCycle.nudge', 'callCycle.restrict', 'callCycle.escalate', 'callCycle.stop',
  'repeatedResult.nudge', 'repeatedResult.escalate', 'repeatedResult.stop',
  'failingCall.nudge', 'failingCall.block', 'failingCall.escalate', 'failingCall.stop',
  'recurringError.nudge', 'recurringError.escalate', 'recurringError.stop',
  'editOscillation.nudge', 'editOscillation.escalate', 'editOscillation.stop',
  'repeatedText.nudge', 'repeatedText.escalate', 'repeatedText.stop',
  'chanting.escalate', 'chanting.stop',
] as const;

describe('a rung of a ladder', () => {
  it.each(RUNG_KEYS)('detector.%s: is not climbed below its count, and is at it', (name) => {
    const key = `detector.${name}` as DetectorKey;
    const [suspicion, last] = name.split('.') as [string, string];
    const rung = last === 'block' ? 'restrict' : last;
    const { detector, work } = ASTRAY[suspicion] as (typeof ASTRAY)[string];
    for (const threshold of [4, 6]) {
      const counts = climbed(work(8), detector, rung, onlyRung(key, threshold));
      expect(counts.at(0)).toBe(threshold); // at it, and nowhere below
      expect(climbed(work(threshold - 1), detector, rung, onlyRung(key, threshold))).toEqual([]);
      if (rung === 'nudge' || rung === 'restrict') expect(counts.at(-1)).toBe(8); // and above
    }
  });
});

describe('the memory of the detectors', () => {
  it('detector.windowSteps: results further apart than it are not the same story', () => {
    const apart = (steps: number): Trajectory => {
      const work = new Trajectory('apart').do(run('npm test', 'PASS'));
      times(steps - 1, (n) => work.do(read(`${n}.ts`, `${n}`)));
      return work.do(run('npm test', 'PASS'));
    };
    const thresholds = { ...onlyRung('detector.repeatedResult.nudge', 2), 'detector.windowSteps': 5 };
    expect(climbed(apart(4), 'repeated_result', 'nudge', thresholds)).toEqual([2]);
    expect(climbed(apart(5), 'repeated_result', 'nudge', thresholds)).toEqual([]);
    expect(climbed(apart(6), 'repeated_result', 'nudge', thresholds)).toEqual([]);
  });

  it('detector.rememberedCalls: a call that that many others have followed is forgotten', () => {
    const thresholds = { ...onlyRung('detector.repeatedRead.nudge', 2), 'detector.rememberedCalls': 10 };
    const followedBy = (others: number): Trajectory => {
      const work = new Trajectory('many').do(read('a.ts', 'code'));
      times(others, (n) => work.do(read(`${n}.ts`, `${n}`)));
      return work.do(read('a.ts', 'code'));
    };
    expect(climbed(followedBy(9), 'repeated_read', 'nudge', thresholds)).toEqual([2]);
    expect(climbed(followedBy(10), 'repeated_read', 'nudge', thresholds)).toEqual([]);
    expect(climbed(followedBy(11), 'repeated_read', 'nudge', thresholds)).toEqual([]);
  });

  it('detector.callCycle.maxLength: longer rounds are not taken for a cycle', () => {
    const rounds = new Trajectory('three calls');
    times(6, () => rounds.do(run('a', '1')).do(run('b', '2')).do(run('c', '3')));
    const found = (maxLength: number): number[] => climbed(rounds, 'call_cycle', 'nudge', { ...onlyRung('detector.callCycle.nudge', 3), 'detector.callCycle.maxLength': maxLength });
    expect(found(2)).toEqual([]);
    expect(found(3).at(0)).toBe(3);
    expect(found(4).at(0)).toBe(3);
  });

  it('detector.pollingFactor: lets a call that waits be made that many times as often', () => {
    const waiting = repeated(12, run('sleep 10; cat log', 'running'));
    const first = (pollingFactor: number): number | undefined => climbed(waiting, 'call_cycle', 'nudge', { ...onlyRung('detector.callCycle.nudge', 3), 'detector.pollingFactor': pollingFactor }).at(0);
    expect(first(1)).toBe(3);
    expect(first(2)).toBe(6);
    expect(first(4)).toBe(12);
    expect(first(5)).toBeUndefined();
  });

  it('detector.maxEscalations: the architect is asked that often in a run, and then no more', () => {
    const loops = new Trajectory('three loops');
    for (const path of ['a', 'b', 'c']) times(4, () => loops.do(read(path, path)));
    const asked = (maxEscalations: number): number => climbed(loops, 'repeated_read', 'escalate', { ...onlyRung('detector.repeatedRead.escalate', 4), 'detector.maxEscalations': maxEscalations }).length;
    expect([0, 1, 2, 3, 4].map(asked)).toEqual([0, 1, 2, 3, 3]);
  });
});

describe('a share', () => {
  it('detector.repeatedText.similarity: texts less alike are different ones', () => {
    const work = new Trajectory('talk');
    for (const word of ['configuration', 'documentation']) work.say(`I will now look at the ${word} and change what has to be changed there, then run all of the tests again.`);
    const alike = (similarity: number): number[] => climbed(work, 'repeated_text', 'nudge', { ...onlyRung('detector.repeatedText.nudge', 2), 'detector.repeatedText.similarity': similarity });
    const between = [0.5, 0.6, 0.7, 0.8, 0.9, 0.99].map((similarity) => alike(similarity).length);
    expect(between.at(0)).toBe(1);
    expect(between.at(-1)).toBe(0);
    expect(between).toEqual([...between].sort((a, b) => b - a)); // once too different, different at every stricter share
  });

  it.each(['nudge', 'restrict'] as const)('detector.readingOnly.%sShare: is of the iterations of the run', (rung) => {
    const key = `detector.readingOnly.${rung}Share` as const;
    const reading = new Trajectory('reading', 'fix');
    times(20, (n) => reading.do(read(`${n}.ts`, `${n}`)));
    const first = (share: number): number | undefined => {
      const thresholds = { 'detector.readingOnly.nudgeShare': 1, 'detector.readingOnly.restrictShare': 1, [key]: share };
      return watch(reading, { thresholds, maxIterations: 20 }).find((finding) => finding.detector === 'reading_only' && finding.rung === rung)?.count;
    };
    expect([0.25, 0.5, 0.75].map(first)).toEqual([5, 10, 15]);
  });
});

describe('a chant', () => {
  /** Whether an answer of `repeats` passages, each with `gap` other characters behind it, is one. */
  function isChant(repeats: number, gap: number, thresholds: Thresholds): boolean {
    const passage = 'abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVW';
    return startMonitor('default', { thresholds }).watchAnswer().push('-'.repeat(200) + `${'.'.repeat(gap)}${passage}`.repeat(repeats));
  }

  it('detector.chanting.repeats: needs that many repetitions', () => {
    const thresholds = { 'detector.chanting.repeats': 6 };
    expect([5, 6, 7].map((repeats) => isChant(repeats, 10, thresholds))).toEqual([false, true, true]);
  });

  it('detector.chanting.passageCharacters: a passage shorter than it is no chant by itself', () => {
    const answer = (passageCharacters: number): boolean => {
      const words = ['same words', 'other ones'].map((ending) => `a beginning of its own for ${ending}, then these very same twenty`);
      const text = Array.from({ length: 40 }, (_, n) => words[n % 2]).join('; ');
      return startMonitor('default', { thresholds: { 'detector.chanting.passageCharacters': passageCharacters, 'detector.chanting.repeats': 30 } }).watchAnswer().push(text);
    };
    expect([20, 30, 60].map(answer)).toEqual([true, true, false]); // half as many whole sentences as endings
  });

  it('detector.chanting.gapCharacters: repetitions further apart on average are not close together', () => {
    const thresholds = { 'detector.chanting.repeats': 10, 'detector.chanting.gapCharacters': 100 };
    expect([40, 61, 62].map((gap) => isChant(10, gap, thresholds))).toEqual([true, true, false]); // ten passages of 50 within 50 + 10 · 100
  });
});
