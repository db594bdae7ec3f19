import type { RunMonitor } from '../../../src/failure-detection/index.js';
import { edit, failedEdit, type PlannedAct, read, run, Trajectory } from '../../support/failure-detection/trajectory.js';
import { startMonitor, watch } from '../../support/failure-detection/watch-trajectory.js';

const AGAIN = { name: 'read_file', input: { path: 'a.ts' }, readOnly: true, answersFromWorkspace: true };
const TEST = { name: 'run_command', input: { command: 'npm test' }, readOnly: false };

/** `count: rung` of each finding of a detector. */
function ladder(work: Trajectory, detector: string, options: Parameters<typeof watch>[1] = {}): string[] {
  return watch(work, options)
    .filter((finding) => finding.detector === detector)
    .map(({ count, rung }) => `${count}: ${rung}`);
}

function repeated(count: number, ...acts: PlannedAct[]): Trajectory {
  const work = new Trajectory('repeated');
  for (let n = 0; n < count; n++) work.do(...acts);
  return work;
}

function observeAll(monitor: RunMonitor, { steps }: Trajectory): void {
  for (const step of steps) monitor.observe(step);
}

describe('the same read with nothing changed in between', () => {
  const reads = repeated(6, read('a.ts', 'code'));

  it('is told at the 3rd and ended at the 4th, or at the 5th after the architect was asked', () => {
    expect(ladder(reads, 'repeated_read')).toEqual(['3: nudge', '4: stop']);
    expect(ladder(reads, 'repeated_read', { hasArchitect: true })).toEqual(['3: nudge', '4: escalate', '5: stop']);
  });

  it('is answered from memory from the 2nd on, until something changes', () => {
    const monitor = startMonitor('default');
    expect(monitor.review(AGAIN, 0)).toEqual({ verdict: 'run' });
    observeAll(monitor, repeated(1, read('a.ts', 'code')));
    expect(monitor.review(AGAIN, 0)).toEqual({ verdict: 'remembered', output: '[unchanged since step 1]\ncode' });
    expect(monitor.review(AGAIN, 1)).toEqual({ verdict: 'run' });
  });

  it('is not answered from memory when its tool looks beyond the workspace, or when the file changed in the same step', () => {
    const monitor = startMonitor('default');
    observeAll(monitor, repeated(1, read('a.ts', 'code')));
    expect(monitor.review({ ...AGAIN, answersFromWorkspace: false }, 0)).toEqual({ verdict: 'run' });
    const other = startMonitor('default');
    observeAll(other, repeated(1, read('a.ts', 'old'), edit('a.ts', 'new')));
    expect(other.review(AGAIN, 1)).toEqual({ verdict: 'run' });
    expect(other.review(AGAIN, 0)).toEqual({ verdict: 'run' });
  });

  it('starts anew when the answer differs', () => {
    const work = new Trajectory('log');
    for (let n = 0; n < 12; n++) work.do(read('server.log', `line ${Math.floor(n / 2)}`));
    expect(ladder(work, 'repeated_read')).toEqual([]);
  });
});

describe('the same failing call', () => {
  it('is told at the 3rd, refused from the 4th, ended at the 6th', () => {
    const work = new Trajectory('stubborn');
    for (let n = 0; n < 8; n++) work.do(failedEdit('a.ts', 'x')).do(read(`${n}.ts`, `${n}`));
    expect(ladder(work, 'failing_call')).toEqual(['3: nudge', '4: restrict', '5: restrict', '6: stop']);
    expect(ladder(work, 'failing_call', { hasArchitect: true })).toEqual(['3: nudge', '4: restrict', '5: escalate', '6: stop']);
  });

  it('is refused before it runs a 4th time, until something changes or it succeeds', () => {
    const monitor = startMonitor('default');
    observeAll(monitor, repeated(2, run('npm test', 'FAIL', false)));
    expect(monitor.review(TEST, 0).verdict).toBe('run');
    observeAll(monitor, repeated(1, run('npm test', 'FAIL', false)));
    expect(monitor.review(TEST, 0)).toEqual({ verdict: 'refused', reason: expect.stringContaining('failed 3 times') });
    expect(monitor.review(TEST, 1).verdict).toBe('run');
    observeAll(monitor, repeated(1, run('npm test', 'PASS')));
    expect(monitor.review(TEST, 0).verdict).toBe('run');
  });
});

describe('a cycle of calls', () => {
  const cycle = new Trajectory('a, b, c');
  for (let n = 0; n < 8; n++) cycle.do(run('a', '1')).do(run('b', '2')).do(run('c', '3'));

  it('with the same results goes up the ladder', () => {
    expect(ladder(cycle, 'call_cycle')).toEqual(['3: nudge', '4: restrict', '5: restrict', '6: stop']);
  });

  it('has its calls refused from the 4th round until something changes', () => {
    const monitor = startMonitor('default');
    for (const step of cycle.steps.slice(0, 12)) monitor.observe(step);
    const call = { name: 'run_command', input: { command: 'b' }, readOnly: false };
    expect(monitor.review(call, 0)).toMatchObject({ verdict: 'refused' });
    expect(monitor.review(call, 1)).toEqual({ verdict: 'run' });
    expect(monitor.review({ ...call, input: { command: 'd' } }, 0)).toEqual({ verdict: 'run' });
  });

  it('with differing results is only ever told', () => {
    const work = new Trajectory('flaky');
    for (let n = 0; n < 20; n++) work.do(run('npm test', `attempt ${n}`));
    expect(new Set(ladder(work, 'call_cycle').map((finding) => finding.split(': ')[1]))).toEqual(new Set(['nudge']));
  });

  it('longer than three calls is none', () => {
    const work = new Trajectory('four');
    for (let n = 0; n < 5; n++) for (const command of ['a', 'b', 'c', 'd']) work.do(run(command, `${n}`));
    expect(ladder(work, 'call_cycle')).toEqual([]);
  });

  it('may go round three times as often when it waits', () => {
    expect(ladder(repeated(18, run('sleep 10; cat log', 'running')), 'call_cycle').at(0)).toBe('9: nudge');
  });
});

describe('the same call and result', () => {
  it('counts in an unchanged workspace only, within 20 steps', () => {
    const spread = new Trajectory('spread');
    for (let n = 0; n < 5; n++) {
      spread.do(run('npm test', 'PASS (3 ms)'));
      for (let k = 0; k < 3; k++) spread.do(read(`${n}/${k}.ts`, 'x'));
    }
    expect(ladder(spread, 'repeated_result')).toEqual(['4: nudge', '5: nudge']);
    const wide = new Trajectory('wide');
    for (let n = 0; n < 5; n++) {
      wide.do(run('npm test', 'PASS'));
      for (let k = 0; k < 9; k++) wide.do(read(`${n}/${k}.ts`, 'x'));
    }
    expect(ladder(wide, 'repeated_result')).toEqual([]);
  });
});

describe('the same error across edits', () => {
  it('is told at 4, given advice at 6, ended at 8; lines that move do not hide it', () => {
    const work = new Trajectory('stubborn');
    for (let n = 0; n < 9; n++) work.do(edit('a.ts', `v${n}`)).do(run('npx tsc', `a.ts(${n},3): error TS2304: Cannot find name 'x'. (${n} ms)`, false));
    expect(ladder(work, 'recurring_error')).toEqual(['4: nudge', '5: nudge', '6: nudge', '7: nudge', '8: stop']);
    expect(ladder(work, 'recurring_error', { hasArchitect: true })).toEqual(['4: nudge', '5: nudge', '6: escalate', '7: nudge', '8: stop']);
  });

  it('starts anew once the command succeeded', () => {
    const work = new Trajectory('back and forth');
    for (let n = 0; n < 12; n++) work.do(edit('a.ts', `v${n}`)).do(run('npm test', n % 3 === 2 ? 'PASS' : 'FAIL', n % 3 === 2));
    expect(ladder(work, 'recurring_error')).toEqual([]);
  });
});

describe('a file that goes back and forth', () => {
  const contents = ['A', 'B', 'A', 'B', 'A', 'B', 'A', 'B', 'A'];
  const work = new Trajectory('oscillation');
  contents.forEach((content, n) => work.do(edit('a.ts', content), run(`check ${n}`, `${n}`)));

  it('is told at the second round trip, ended at the fourth', () => {
    expect(ladder(work, 'edit_oscillation')).toEqual(['2: nudge', '3: nudge', '4: stop']);
    expect(watch(work)[0]).toMatchObject({ iteration: 5, failure: { pattern: 'edit_oscillation' } });
  });

  it('may come back once, and to a content of long ago', () => {
    const legitimate = new Trajectory('revert');
    ['A', 'B', 'A', 'C', 'A', 'D', 'E', 'A'].forEach((content, n) => legitimate.do(edit('a.ts', content), run(`check ${n}`, `${n}`)));
    expect(ladder(legitimate, 'edit_oscillation')).toEqual([]);
  });
});

describe('texts without a call', () => {
  it('are compared by their words, not their marks', () => {
    const work = new Trajectory('talk');
    for (const end of ['.', '!', '...', ' ', '?']) work.say(`I will now look at the configuration and change what has to be changed there${end}`);
    expect(ladder(work, 'repeated_text')).toEqual(['3: nudge', '4: nudge', '5: stop']);
  });

  it('may be alike when something is done in between', () => {
    const work = new Trajectory('talk and act');
    for (let n = 0; n < 8; n++) work.say('Now the next file.').do(edit(`${n}.ts`, 'x'));
    expect(watch(work)).toEqual([]);
  });
});

describe('reading only', () => {
  const reading = (intent: 'fix' | 'refactor' | 'analysis', count: number): Trajectory => {
    const work = new Trajectory('reading', intent);
    for (let n = 0; n < count; n++) work.do(read(`${n}.ts`, `${n}`));
    return work;
  };

  it('is told at half of the budget and restricted at 70 %, and never ended', () => {
    expect(ladder(reading('fix', 10), 'reading_only')).toEqual(['5: nudge', '7: restrict', '8: restrict', '9: restrict', '10: restrict']);
    expect(ladder(reading('refactor', 15), 'reading_only', { maxIterations: 15 }).slice(0, 2)).toEqual(['8: nudge', '11: restrict']);
    expect(watch(reading('fix', 7)).at(-1)?.decision).toMatchObject({ action: 'continue', restriction: { kind: 'acting_tools_only' } });
  });

  it('is what an analysis is for, and ends with the first deed', () => {
    expect(watch(reading('analysis', 10))).toEqual([]);
    expect(watch(reading('fix', 4).do(run('npm test', 'PASS')).do(read('x.ts', 'x')).do(read('y.ts', 'y')).do(read('z.ts', 'z')))).toEqual([]);
  });

  it('lets a small budget begin', () => {
    expect(ladder(reading('fix', 3), 'reading_only', { maxIterations: 3 })).toEqual(['3: restrict']);
  });
});

describe('chanting', () => {
  const sentence = 'Let me check the file once more to be sure that it is right. ';

  it('is noticed while the answer arrives, within a few hundred characters of the tenth time', () => {
    const answer = startMonitor('default').watchAnswer();
    const text = `A healthy beginning of some length.\n${sentence.repeat(40)}`;
    let seen = 0;
    while (seen < text.length && !answer.push(text.slice(seen, seen + 7))) seen += 7;
    expect(seen).toBeGreaterThan(sentence.length * 9);
    expect(seen).toBeLessThan(sentence.length * 14);
  });

  it.each([
    ['code', `\`\`\`ts\n${sentence.repeat(40)}\n\`\`\`\n`],
    ['a table', `${`| ${sentence}|\n`.repeat(40)}`],
    ['a list of different things', Array.from({ length: 60 }, (_, n) => `- ${sentence}File ${n}.\n`).join('')],
    ['a rule', '-'.repeat(5_000)],
    ['blank space', ' '.repeat(5_000)],
  ])('is not %s', (_, text) => {
    expect(startMonitor('default').watchAnswer().push(text)).toBe(false);
  });

  it('is told at the first answer and ended at the third', () => {
    const work = new Trajectory('chant');
    for (let n = 0; n < 3; n++) work.say(`${n} ${sentence.repeat(20)}`).do(edit('a.ts', `${n}`));
    expect(ladder(work, 'chanting')).toEqual(['1: nudge', '2: nudge', '3: stop']);
  });
});

describe('RunMonitor', () => {
  it('asks the architect at most twice in a run', () => {
    const work = new Trajectory('many loops');
    for (const path of ['a', 'b', 'c', 'd']) for (let n = 0; n < 4; n++) work.do(read(path, path), edit('other.ts', `${path}${n}`));
    const reads = new Trajectory('reads');
    for (const path of ['a', 'b', 'c']) for (let n = 0; n < 4; n++) reads.do(read(path, path));
    const rungs = watch(reads, { hasArchitect: true }).map(({ rung }) => rung);
    expect(rungs).toEqual(['nudge', 'escalate', 'nudge', 'escalate', 'nudge', 'stop']);
    expect(watch(work, { hasArchitect: true })).toEqual([]);
  });

  it('finds the same in the same steps, so that a run taken up again is watched on', () => {
    const { steps } = repeated(4, read('a.ts', 'code'));
    const [first, second] = [startMonitor('fix'), startMonitor('fix')];
    expect(steps.map((step) => first.observe(step))).toEqual(steps.map((step) => second.observe(step)));
  });

  it('speaks to the model of what it did and to people of what happened', () => {
    expect(watch(repeated(3, read('a.ts', 'code')))[0]).toMatchObject({
      rung: 'nudge',
      failure: { pattern: 'infinite_loop', severity: 'high', message: 'The model does the same again and again with the same result.', signal: { source: 'run', reason: 'repeated_read' } },
      decision: { action: 'continue', strategy: 'retry', nudge: expect.stringContaining('You called read_file with the same input 3 times') },
    });
  });
});
