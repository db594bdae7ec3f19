import { execFileSync } from 'node:child_process';
import { chmod, cp, link, lstat, mkdir, mkdtemp, readdir, readFile, readlink, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { SystemClock } from '../../../../src/common/index.js';
import type { LimitValues } from '../../../../src/limits/index.js';
import { ChangeHistory, type LookedAtRun } from '../../../../src/tools/history/change-history.js';
import { Workspace } from '../../../../src/tools/index.js';
import { FixedLimits } from '../../../support/streaming/fixed-limits.js';

let base: string;
let root: string;
let workspace: Workspace;
let history: ChangeHistory;

const PROJECT = 'p1';
const BINARY = Buffer.from([0, 1, 2, 255, 254, 0]);
const run = (runId: string): LookedAtRun => ({ runId, projectId: PROJECT, workspace, hasEnded: true, mayHaveChanged: true });
const at = (path: string): string => join(root, path);
const put = async (path: string, content: string | Buffer): Promise<void> => {
  await mkdir(dirname(at(path)), { recursive: true });
  await writeFile(at(path), content);
};
const withLimits = (limits: Partial<LimitValues>): ChangeHistory => new ChangeHistory({ workspaces: { directory: base } } as never, new FixedLimits(limits), new SystemClock());

/** Everything below a folder, with kinds, modes and contents. */
async function picture(folder: string, prefix = ''): Promise<Record<string, string>> {
  const seen: Record<string, string> = {};
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const stats = await lstat(path);
    if (stats.isDirectory()) Object.assign(seen, { [`${prefix}${name}/`]: 'folder' }, await picture(path, `${prefix}${name}/`));
    else seen[prefix + name] = stats.isSymbolicLink() ? `-> ${await readlink(path)}` : `${(stats.mode & 0o777).toString(8)} ${(await readFile(path)).toString('base64')}`;
  }
  return seen;
}

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'lomu-history-'));
  root = join(base, 'workspace');
  await mkdir(root);
  workspace = await Workspace.open(root);
  history = withLimits({});
  await put('src/a.txt', 'one\ntwo\nthree\n');
  await put('src/b.txt', 'b without end');
  await put('bin/logo.png', BINARY);
  await put('run.sh', '#!/bin/sh\n');
  await chmod(at('run.sh'), 0o755);
  await symlink('src/a.txt', at('shortcut'));
  await mkdir(at('empty'));
});
afterEach(() => rm(base, { recursive: true, force: true }));

/** One of everything a run can do to a folder. */
async function changeEverything(): Promise<void> {
  await put('src/a.txt', 'one\n2\nthree\nfour\n');
  await put('new/deep/c.txt', 'new\n');
  await rm(at('src/b.txt'));
  await put('bin/logo.png', Buffer.concat([BINARY, BINARY]));
  await rename(at('run.sh'), at('bin/run.sh'));
  await rm(at('shortcut'));
  await symlink('src', at('shortcut'));
  await rm(at('empty'), { recursive: true });
  await put('empty', 'a file now\n');
  await put('blob.bin', BINARY);
}

describe('undo', () => {
  it('puts everything back as it was: edits, creations, deletions, moves, binaries, links, modes, kinds and empty folders', async () => {
    const before = await picture(root);
    await history.begin(run('r1'));
    await changeEverything();
    await history.end(run('r1'));
    const epoch = workspace.epoch;
    const { restored } = await history.undo(run('r1'));
    expect(await picture(root)).toEqual(before);
    expect(restored).toEqual(expect.arrayContaining(['src/a.txt', 'new/deep/c.txt', 'new', 'src/b.txt', 'run.sh', 'bin/run.sh', 'shortcut', 'empty', 'blob.bin']));
    expect(workspace.epoch).toBeGreaterThan(epoch);
  });

  it('done again answers the same and changes nothing, also what was written since', async () => {
    await history.begin(run('r1'));
    await put('src/a.txt', 'changed');
    await history.end(run('r1'));
    const first = await history.undo(run('r1'));
    await put('src/a.txt', 'later');
    expect(await history.undo(run('r1'))).toEqual(first);
    expect(await readFile(at('src/a.txt'), 'utf8')).toBe('later');
  });

  it.each<[string, () => Promise<void>, string]>([
    ['edited', () => put('src/a.txt', 'somebody else'), 'src/a.txt'],
    ['deleted', () => rm(at('src/a.txt')), 'src/a.txt'],
    ['made executable', () => chmod(at('src/a.txt'), 0o755), 'src/a.txt'],
    ['replaced by a link', () => rm(at('src/a.txt')).then(() => symlink('/etc/passwd', at('src/a.txt'))), 'src/a.txt'],
    ['created again', () => put('src/b.txt', 'again'), 'src/b.txt'],
    ['put into a folder that the run made', () => put('new/deep/other.txt', 'mine'), 'new/deep/other.txt'],
  ])('changes nothing when a file was %s after the run, and says which', async (_, change, path) => {
    await history.begin(run('r1'));
    await changeEverything();
    await history.end(run('r1'));
    await change();
    const before = await picture(root);
    await expect(history.undo(run('r1'))).rejects.toMatchObject({ code: 'workspace_changed', message: expect.stringContaining(path) });
    expect(await picture(root)).toEqual(before);
  });

  it('goes on where it stopped: what is back already does not stand in the way', async () => {
    const before = await picture(root);
    await history.begin(run('r1'));
    await changeEverything();
    await history.end(run('r1'));
    await put('src/a.txt', 'one\ntwo\nthree\n');
    await rm(at('blob.bin'));
    await history.undo(run('r1'));
    expect(await picture(root)).toEqual(before);
  });

  it('undoes the later run first, then the one before', async () => {
    const before = await picture(root);
    await history.begin(run('r1'));
    await put('src/a.txt', 'first');
    await history.end(run('r1'));
    await history.begin(run('r2'));
    await put('src/a.txt', 'second');
    await history.end(run('r2'));
    await expect(history.undo(run('r1'))).rejects.toMatchObject({ code: 'workspace_changed' });
    await history.undo(run('r2'));
    await history.undo(run('r1'));
    expect(await picture(root)).toEqual(before);
  });

  it('never writes through a link that took the place of a folder (I5)', async () => {
    const outside = join(base, 'outside');
    await mkdir(outside);
    await writeFile(join(outside, 'a.txt'), 'precious');
    await history.begin(run('r1'));
    await put('src/a.txt', 'changed');
    await history.end(run('r1'));
    await rename(at('src'), at('elsewhere'));
    await symlink(outside, at('src'));
    await expect(history.undo(run('r1'))).rejects.toMatchObject({ code: 'workspace_changed' });
    expect(await readFile(join(outside, 'a.txt'), 'utf8')).toBe('precious');
  });

  it('breaks a hard link instead of writing through it', async () => {
    const outside = join(base, 'outside.txt');
    await writeFile(outside, 'before');
    await rm(at('src/a.txt'));
    await link(outside, at('src/a.txt'));
    await history.begin(run('r1'));
    await rm(at('src/a.txt'));
    await put('src/a.txt', 'after');
    await history.end(run('r1'));
    await history.undo(run('r1'));
    await writeFile(at('src/a.txt'), 'again');
    expect(await readFile(outside, 'utf8')).toBe('before');
  });

  it('leaves repositories, secrets and installed packages alone', async () => {
    await put('.git/config', 'mine');
    await put('.env', 'SECRET=1');
    await history.begin(run('r1'));
    await put('.git/config', 'theirs');
    await put('.env', 'SECRET=2');
    await put('node_modules/x/index.js', 'x');
    await history.end(run('r1'));
    expect((await history.diff(run('r1'))).files).toEqual([]);
    await history.undo(run('r1'));
    expect(await readFile(at('.git/config'), 'utf8')).toBe('theirs');
    expect(await readdir(at('node_modules/x'))).toEqual(['index.js']);
  });
});

describe('the diff', () => {
  it('names each change, and git makes the same of the tree before', async () => {
    const copy = join(base, 'copy');
    await cp(root, copy, { recursive: true, verbatimSymlinks: true });
    await rm(join(copy, 'empty'), { recursive: true }); // a change of kind of a folder has no place in a diff
    await history.begin(run('r1'));
    await changeEverything();
    for (const path of ['bin/logo.png', 'blob.bin']) await rm(at(path));
    await rm(join(copy, 'bin/logo.png'));
    await history.end(run('r1'));
    const { files, diff, truncated } = await history.diff(run('r1'));
    const withoutBinaries = diff.split(/(?=^diff --git )/m).filter((piece) => !piece.includes('Binary files')).join('');
    execFileSync('git', ['-c', 'core.fileMode=true', 'apply', '--whitespace=nowarn', '-'], { cwd: copy, input: withoutBinaries });
    expect(await picture(copy)).toEqual(await picture(root));
    expect(truncated).toBe(false);
    const byPath = Object.fromEntries(files.map(({ path, ...rest }) => [path, rest]));
    expect(byPath['src/a.txt']).toEqual({ change: 'modified', kind: 'file', binary: false, additions: 2, deletions: 1 });
    expect(byPath['bin/run.sh']).toMatchObject({ change: 'moved', from: 'run.sh', additions: 0 });
    expect(byPath['new/deep/c.txt']).toMatchObject({ change: 'added', additions: 1 });
    expect(byPath['src/b.txt']).toMatchObject({ change: 'deleted', deletions: 1 });
    expect(byPath['bin/logo.png']).toMatchObject({ change: 'deleted', binary: true });
    expect(byPath.shortcut).toMatchObject({ change: 'modified', kind: 'link' });
  });

  it('stays what the run changed when others change the files later', async () => {
    await history.begin(run('r1'));
    await put('src/a.txt', 'one\ntwo\n');
    await history.end(run('r1'));
    const before = await history.diff(run('r1'));
    await put('src/a.txt', 'something else');
    await put('src/later.txt', 'later');
    expect(await history.diff(run('r1'))).toEqual(before);
    expect(before.diff).toContain('@@ -1,3 +1,2 @@\n one\n two\n-three\n');
  });

  it('sees a change of the same length in the same instant', async () => {
    for (let round = 0; round < 20; round++) {
      await put('src/a.txt', 'aaaa');
      await history.begin(run(`r${round}`));
      await put('src/a.txt', 'bbbb');
      await history.end(run(`r${round}`));
      expect((await history.diff(run(`r${round}`))).files.map(({ path }) => path)).toEqual(['src/a.txt']);
    }
  });

  it('sees a change that hides behind the old time stamp', async () => {
    await history.begin(run('r1'));
    const { atime, mtime } = await lstat(at('src/a.txt'));
    await writeFile(at('src/a.txt'), 'ONE\nTWO\nTHREE\n');
    await utimes(at('src/a.txt'), atime, mtime);
    await history.end(run('r1'));
    expect((await history.diff(run('r1'))).files.map(({ path }) => path)).toEqual(['src/a.txt']);
  });

  it('quotes names as git does', async () => {
    await history.begin(run('r1'));
    await put('with "quotes"\n.txt', 'x\n');
    await history.end(run('r1'));
    expect((await history.diff(run('r1'))).diff).toContain(String.raw`+++ "b/with \"quotes\"\n.txt"`);
  });

  it('of a run that goes on is what it changed so far; of one that changed nothing it is empty', async () => {
    await history.begin(run('r1'));
    await put('x.txt', '1\n');
    expect((await history.diff({ ...run('r1'), hasEnded: false })).files).toHaveLength(1);
    await put('y.txt', '2\n');
    expect((await history.diff(run('r1'))).files).toHaveLength(2);
    expect(await history.diff({ ...run('none'), mayHaveChanged: false })).toEqual({ files: [], diff: '', truncated: false, undoneAt: null });
    await expect(history.diff(run('none'))).rejects.toMatchObject({ code: 'history_unavailable' });
  });
});

describe('bounds', () => {
  it('history.maxFiles, history.maxDepth, history.maxBytes: a workspace at the bound is watched, one beyond is not, and the run goes on', async () => {
    const count = Object.keys(await picture(root)).length + 4;
    const bytes = 14 + 13 + 6 + 10;
    await put('a/b/c/d.txt', '');
    const cases = [[{ 'history.maxDepth': 4 }, true], [{ 'history.maxDepth': 3 }, false], [{ 'history.maxFiles': count }, true], [{ 'history.maxFiles': count - 1 }, false], [{ 'history.maxBytes': bytes }, true], [{ 'history.maxBytes': bytes - 1 }, false]] as const;
    for (const [limits, isWatched] of cases) {
      const bounded = withLimits(limits);
      await rm(join(base, '.history'), { recursive: true, force: true });
      await bounded.begin(run('r1'));
      const diff = bounded.diff(run('r1'));
      if (isWatched) expect((await diff).files).toEqual([]);
      else await expect(diff).rejects.toMatchObject({ code: 'history_unavailable' });
    }
  });

  it('history.maxRunsPerProject: the latest runs are kept, older ones are forgotten', async () => {
    const bounded = withLimits({ 'history.maxRunsPerProject': 2 });
    for (const id of ['r1', 'r2', 'r3']) {
      await bounded.begin(run(id));
      await put('src/a.txt', id);
      await bounded.end(run(id));
    }
    await expect(bounded.diff(run('r1'))).rejects.toMatchObject({ code: 'history_unavailable' });
    for (const id of ['r2', 'r3']) expect((await bounded.diff(run(id))).files).toHaveLength(1);
  });

  it('history.maxDiffBytes: a diff within it is whole; beyond, files are only named', async () => {
    await history.begin(run('r1'));
    await put('src/a.txt', 'changed\n');
    await put('z.txt', `${'z'.repeat(500)}\n`);
    await history.end(run('r1'));
    const { diff } = await history.diff(run('r1'));
    expect(await withLimits({ 'history.maxDiffBytes': diff.length }).diff(run('r1'))).toMatchObject({ truncated: false, diff });
    const cut = await withLimits({ 'history.maxDiffBytes': diff.length - 1 }).diff(run('r1'));
    expect(cut).toMatchObject({ truncated: true, files: [{ path: 'src/a.txt' }, { path: 'z.txt' }] });
    expect(cut.diff).not.toContain('z.txt');
  });

  it('history.diffTimeMs: within it the diff is the smallest, beyond it is still right', async () => {
    const lines = (mark: string): string => Array.from({ length: 6_000 }, (_, index) => `${index % 7 === 0 ? mark : ''}${(index * 7919) % 1_000}`).join('\n');
    await put('big.txt', `${lines('a')}\n`);
    const copy = join(base, 'copy');
    await mkdir(copy);
    await cp(at('big.txt'), join(copy, 'big.txt'));
    await history.begin(run('r1'));
    await put('big.txt', `${lines('b')}\n`);
    await history.end(run('r1'));
    const quick = await withLimits({ 'history.diffTimeMs': 1 }).diff(run('r1'));
    expect(quick.files[0]).toMatchObject({ additions: 6_000, deletions: 6_000 });
    execFileSync('git', ['apply', '-'], { cwd: copy, input: quick.diff });
    expect(await readFile(join(copy, 'big.txt'), 'utf8')).toBe(await readFile(at('big.txt'), 'utf8'));
    const patient = await withLimits({ 'history.diffTimeMs': 60_000 }).diff(run('r1'));
    expect(patient.files[0]?.additions).toBeLessThan(2_000);
  });

  it('keeps each content once, and forgets runs and projects', async () => {
    await put('same1.txt', 'same');
    await put('same2.txt', 'same');
    await history.begin(run('r1'));
    const objects = (await readdir(join(base, '.history', PROJECT, 'objects'))).length;
    await history.begin(run('r2'));
    expect(await readdir(join(base, '.history', PROJECT, 'objects'))).toHaveLength(objects);
    expect(objects).toBe(5);
    await history.forgetRuns(PROJECT, ['r1'], false);
    await expect(history.diff(run('r1'))).rejects.toMatchObject({ code: 'history_unavailable' });
    await history.forgetProject(PROJECT);
    expect(await readdir(join(base, '.history'))).toEqual([]);
  });

  it('refuses to put back what is damaged', async () => {
    await history.begin(run('r1'));
    await put('src/a.txt', 'changed');
    await history.end(run('r1'));
    const objects = join(base, '.history', PROJECT, 'objects');
    for (const name of await readdir(objects)) await writeFile(join(objects, name), 'garbage');
    await expect(history.undo(run('r1'))).rejects.toThrow('damaged');
    expect(await readFile(at('src/a.txt'), 'utf8')).toBe('changed');
  });
});
