import type { DetectorName } from '../../../src/failure-detection/index.js';
import { ask, edit, failedEdit, list, read, run, search, times, Trajectory } from './trajectory.js';

export interface LoopTrajectory {
  readonly work: Trajectory;
  /** Steps that were still in order. */
  readonly healthySteps: number;
  /** Any of these is right to speak up. */
  readonly expected: readonly DetectorName[];
  /** False for what is only ever nudged or restricted. */
  readonly mayStop: boolean;
}

interface Loop {
  readonly expected: readonly DetectorName[];
  readonly mayStop?: boolean;
  readonly round: (work: Trajectory, n: number) => void;
}

const ROUNDS = 14;
const ERROR = 'FAIL test/a.test.ts\n  ● works\n    expected 1, got 2';

/** Ways of going astray, by one round of each. */
const LOOPS: Readonly<Record<string, Loop>> = {
  'the same file read over and over': { expected: ['repeated_read', 'call_cycle'], round: (work) => work.do(read('a.ts', 'code')) },
  'the same read with its members in another order': {
    expected: ['repeated_read', 'call_cycle'],
    round: (work, n) => work.do(read('a.ts', 'code', n % 2 ? { path: 'a.ts', from: 1 } : { from: 1, path: 'a.ts' })),
  },
  'the same read although it is answered from memory': {
    expected: ['repeated_read', 'call_cycle'],
    round: (work, n) => work.do(read('a.ts', n === 0 ? 'code' : '[unchanged since step 1]\ncode')),
  },
  'two files read in turn': { expected: ['repeated_read', 'call_cycle'], round: (work, n) => work.do(read(n % 2 ? 'a.ts' : 'b.ts', 'code')) },
  'search, list, read, and again': {
    expected: ['repeated_read', 'call_cycle'],
    round: (work) => work.do(search('foo', 'a.ts:1')).do(list('.', 'a.ts')).do(read('a.ts', 'code')),
  },
  'the same pair of reads in every step': { expected: ['repeated_read', 'call_cycle'], round: (work) => work.do(read('a.ts', 'a'), read('b.ts', 'b')) },
  'the same four calls in every step': {
    expected: ['repeated_read', 'call_cycle', 'repeated_result'],
    round: (work) => work.do(read('a.ts', 'a'), read('b.ts', 'b'), run('npm test', ERROR, false), list('.', 'x')),
  },
  'a failing command repeated': { expected: ['failing_call', 'call_cycle'], round: (work, n) => work.do(run('npm test', `${ERROR}\nTime: 0.${n} s`, false)) },
  'a command that succeeds alike, at other times': { expected: ['repeated_result', 'call_cycle'], round: (work, n) => work.do(run('npm run lint', `ok\ndone at 12:00:${10 + n} in ${n} ms`)) },
  'an edit that never matches': { expected: ['failing_call', 'call_cycle'], round: (work) => work.do(failedEdit('a.ts', 'foo')) },
  'the same content written again': { expected: ['repeated_result', 'call_cycle'], round: (work) => work.do(edit('a.ts', 'same')) },
  'a test run without a change between other reads': {
    expected: ['repeated_result', 'failing_call'],
    round: (work, n) => work.do(run('npm test', ERROR, false)).do(read(`src/${n}.ts`, `${n}`)),
  },
  'a file changed back and forth': { expected: ['edit_oscillation', 'call_cycle'], round: (work, n) => work.do(edit('a.ts', n % 2 ? 'A' : 'B')) },
  'a file changed back and forth with tests between': {
    expected: ['edit_oscillation', 'call_cycle', 'recurring_error'],
    round: (work, n) => work.do(edit('a.ts', n % 2 ? 'A' : 'B')).do(run('npm test', n % 2 ? ERROR : `${ERROR} other`, false)),
  },
  'one error, whatever is changed': { expected: ['recurring_error'], round: (work, n) => work.do(edit('a.ts', `try ${n}`)).do(run('npm test', `${ERROR}\n    at a.ts:${n}:5`, false)) },
  'one error from changing commands': {
    expected: ['recurring_error'],
    round: (work, n) => work.do(edit('a.ts', `try ${n}`)).do(run(`npm test -- --seed ${n}`, ERROR, false)),
  },
  'the same words without a deed': { expected: ['repeated_text'], round: (work, n) => work.say(`I will now update the configuration file to include the new setting${n % 2 ? '.' : '!'}`) },
  'a sentence chanted': { expected: ['chanting'], round: (work) => work.say('I need to check the tests and then fix the remaining problems in the code. '.repeat(30)) },
  'two sentences chanted in a list': { expected: ['chanting'], round: (work) => work.say('- Update the tests to match the new interface of the cart\n- Check that all of the tests pass after the update\n'.repeat(20)) },
  'reading other files for ever where a fix is wanted': { expected: ['reading_only'], mayStop: false, round: (work, n) => work.do(read(`src/${n}.ts`, `${n}`)) },
  'asking a tool that always answers the same': { expected: ['repeated_read', 'call_cycle'], round: (work) => work.do(ask('lookup', { term: 'x' }, 'nothing')) },
  'waiting for something that never comes': { expected: ['call_cycle', 'repeated_result'], round: (work) => times(2, () => work.do(run('sleep 5; cat out.log', ''))) },
};

const PROLOGUES: Readonly<Record<string, (work: Trajectory) => void>> = {
  'from the start': () => undefined,
  'after some work': (work) => {
    work.do(read('src/start.ts', 'start')).do(edit('src/start.ts', 'begun')).do(run('npm test', 'PASS'));
  },
};

/** Each loop from the start and after some healthy work. */
export function loopTrajectories(): LoopTrajectory[] {
  return Object.entries(LOOPS).flatMap(([name, { expected, mayStop = true, round }]) =>
    Object.entries(PROLOGUES)
      .filter(([prologue]) => mayStop || prologue === 'from the start') // who has changed something does not only read
      .map(([prologue, begin]) => {
        const work = new Trajectory(`${name}, ${prologue}`, mayStop ? 'default' : 'fix');
        begin(work);
        const healthySteps = work.steps.length;
        times(ROUNDS, (n) => round(work, n));
        return { work, healthySteps, expected, mayStop };
      }),
  );
}
