import { ask, edit, failedEdit, list, read, run, search, times, Trajectory } from './trajectory.js';

const FAILING = (what: string): string => `FAIL test/cart.test.ts\n  ● adds up\n    ${what}\nTests: 1 failed, 11 passed, 12 total\nTime: 0.812 s`;
const passing = (ms: number): string => `PASS test/cart.test.ts\nTests: 12 passed, 12 total\nTime: ${ms / 1000} s`;
const LENGTHS = [12, 20, 36] as const;

type Write = (work: Trajectory, length: number) => void;

/** Long stretches of legitimate work. None may be stopped; each is written in three lengths. */
const WORK: Readonly<Record<string, Write>> = {
  'edits driven by a failing test that fails otherwise each time': (work, length) => {
    work.do(read('test/cart.test.ts', 'test code')).do(read('src/cart.ts', 'v0'));
    times(length, (n) => work.do(edit('src/cart.ts', `v${n + 1}`)).do(run('npm test', FAILING(`expected ${n}, got ${n + 1}`), false)));
    work.do(run('npm test', passing(700)));
  },
  'a stubborn error that gives way at the fifth change': (work, length) => {
    times(length, (n) => work.do(edit('src/a.ts', `v${n}`)).do(run('npm test', FAILING(`stubborn ${Math.floor(n / 5)}`), false)));
  },
  'red, green, refactor, with tests that pass alike every time': (work, length) => {
    times(length, (n) =>
      work
        .do(edit('test/cart.test.ts', `test ${n}`))
        .do(run('npm test', FAILING(`feature ${n} is missing`), false))
        .do(edit('src/cart.ts', `feature ${n}`))
        .do(run('npm test', passing(600 + n))),
    );
  },
  'passing tests run again after each edit': (work, length) => times(length, (n) => work.do(edit(`src/file${n}.ts`, 'tidied')).do(run('npm test', passing(500 + 7 * n)))),
  'edit and test in one step': (work, length) => times(length, (n) => work.do(edit('src/a.ts', `v${n}`), run('npm test', FAILING(`case ${n}`), false))),
  'edit and passing test in one step': (work, length) => times(length, (n) => work.do(edit('src/a.ts', `v${n}`), run('npm test', passing(400 + n)))),
  'a wide search, mostly in vain': (work, length) => times(length, (n) => work.do(search(`term ${n}`, n % 5 === 0 ? `src/a.ts:${n}: found` : 'No matches.'))),
  'directories listed one after the other, many empty': (work, length) => times(length, (n) => work.do(list(`src/part${n}`, n % 3 === 0 ? 'index.ts' : '(empty)'))),
  'a large file read in pieces': (work, length) => times(length, (n) => work.do(read('big.ts', `lines ${n}`, { path: 'big.ts', from: n * 200, to: n * 200 + 199 }))),
  'four files read at once, again and again others': (work, length) => times(length, (n) => work.do(...[0, 1, 2, 3].map((k) => read(`src/${n}/${k}.ts`, 'export {};')))),
  'a file read again after each change of it': (work, length) => times(length, (n) => work.do(read('src/a.ts', `v${n}`)).do(edit('src/a.ts', `v${n + 1}`))),
  'polling a build that tells how far it is': (work, length) => {
    times(length, (n) => work.do(run('sleep 20; tail -n 1 build.log', `[${n}/${length}] compiling (${n * 20} s)`)));
    work.do(run('tail -n 1 build.log', 'done'));
  },
  'polling a silent build for a while': (work, length) => {
    work.do(run('npm run build &', 'started'));
    times(Math.min(length, 16), (n) => work.do(run('sleep 30 && cat build.log', `building (${n * 30} s)`)));
    work.do(run('cat build.log', 'done'));
  },
  'asking for the status of a pipeline': (work, length) => {
    times(length, (n) => work.do(ask('ci_get_status', { id: 7 }, n % 6 === 5 ? `stage ${n} done` : `stage ${Math.floor(n / 6)} running`)));
  },
  'type errors that become fewer': (work, length) => {
    const errors = (count: number): string => Array.from({ length: count }, (_, k) => `src/f${k}.ts(3,1): error TS2304: Cannot find name 'x${k}'.`).join('\n');
    times(length, (n) => work.do(edit(`src/f${n}.ts`, 'fixed')).do(run('npx tsc --noEmit', errors(length - n), false)));
  },
  'a debug line put in and taken out once per bug': (work, length) => {
    times(length, (n) => work.do(edit('src/a.ts', `v${n} + log`)).do(run('node app.js', `x = ${n}`)).do(edit('src/a.ts', `v${n}`)).do(edit('src/a.ts', `v${n + 1}`)));
  },
  'an attempt taken back, then another': (work, length) => {
    work.do(edit('src/a.ts', 'base'));
    times(length, (n) => work.do(edit('src/a.ts', `attempt ${n}`)).do(run('npm test', FAILING(`attempt ${n} breaks ${n}`), false)).do(edit('src/a.ts', 'base')).do(edit('src/b.ts', `other way ${n}`)));
  },
  'git status after each edit, always the same': (work, length) => times(length, (n) => work.do(edit('src/a.ts', `v${n}`)).do(run('git status --short', ' M src/a.ts'))),
  'a benchmark run three times for its spread, between changes': (work, length) => {
    times(Math.ceil(length / 3), (n) => {
      work.do(edit('src/fast.ts', `v${n}`));
      times(3, (k) => work.do(run('npm run bench', `${9_000 + n * 37 + k * 11} ops`)));
    });
  },
  'a flaky test run until it shows': (work, length) => {
    times(Math.ceil(length / 3), (n) => {
      times(4, (k) => work.do(run('npm test -- flaky', k === 3 ? FAILING(`race ${n}`) : `run ${n}.${k} ok`, k !== 3)));
      work.do(edit('src/race.ts', `lock ${n}`));
    });
  },
  'an install that fails twice before the network is back': (work, length) => {
    times(Math.ceil(length / 4), (n) => {
      times(2, () => work.do(run(`npm install dep${n}`, 'npm ERR! network ECONNRESET', false)));
      work.do(run(`npm install dep${n}`, 'added 1 package')).do(edit('package.json', `deps ${n}`));
    });
  },
  'edits that miss, then a look, then edits that hit': (work, length) => {
    times(length, (n) => work.do(failedEdit('src/a.ts', `text ${n}`)).do(read('src/a.ts', `v${n}`)).do(edit('src/a.ts', `v${n + 1}`)));
  },
  'a rename through many files': (work, length) => {
    work.do(search('oldName', 'many'));
    times(length, (n) => work.do(read(`src/f${n}.ts`, 'oldName')).do(edit(`src/f${n}.ts`, 'newName')));
    work.do(search('oldName', 'No matches.')).do(run('npx tsc --noEmit', ''));
  },
  'reading much before the first change of a refactoring': (work, length) => {
    times(Math.min(length, 7), (n) => work.do(read(`src/f${n}.ts`, `code ${n}`)));
    times(length, (n) => work.do(edit(`src/f${n}.ts`, 'better')));
  },
  'a file looked up a second time much later': (work, length) => {
    work.do(read('README.md', 'about'));
    times(length, (n) => work.do(read(`docs/${n}.md`, `page ${n}`)));
    work.do(read('README.md', 'about'));
  },
  'one script run on many inputs with the same answer': (work, length) => times(length, (n) => work.do(run(`node check.js input${n}.json`, 'ok'))),
  'talk about different things between the calls': (work, length) => {
    times(length, (n) => work.say(`Step ${n}: ${'abcdefghijklmnop'.slice(n % 12)} I now look at part ${n} of the ${n % 2 ? 'server' : 'client'}.`).do(read(`src/${n}.ts`, `${n}`)));
  },
  'a long report with tables, lists and code': (work, length) => {
    const table = Array.from({ length: 3 * length }, () => '| 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 | 0 |').join('\n');
    const code = `\`\`\`\n${'    expect(await client.get("/api/health")).toEqual({ ok: true });\n'.repeat(3 * length)}\`\`\`\n`;
    const items = Array.from({ length: 3 * length }, (_, n) => `- Module ${n} was moved to src/modules/${n} and its imports were updated.`).join('\n');
    work.do(read('src/a.ts', 'v')).say(`${table}\n${code}\n${items}\n`);
  },
};

/** Each kind of work in each length. */
export function healthyTrajectories(): Trajectory[] {
  return Object.entries(WORK).flatMap(([name, write]) =>
    LENGTHS.map((length) => {
      const draft = new Trajectory(name);
      write(draft, length);
      const changesFiles = draft.steps.some(({ calls }) => calls.some(({ changedFiles }) => changedFiles !== undefined));
      const work = new Trajectory(`${name} (${length})`, changesFiles ? 'fix' : 'analysis');
      write(work, length);
      return work;
    }),
  );
}
