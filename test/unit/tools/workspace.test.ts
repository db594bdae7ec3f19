import { chmod, mkdir, readdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Workspace } from '../../../src/tools/index.js';
import { createTestWorkspace, type TestWorkspace } from '../../support/test-workspace.js';

const options = { maxBytes: 1_000, signal: new AbortController().signal };

let folder: TestWorkspace;
let workspace: Workspace;

beforeEach(async () => {
  folder = await createTestWorkspace({ 'a.txt': 'first', 'src/b.txt': 'second' });
  workspace = await Workspace.open(folder.path);
});

afterEach(() => folder.remove());

describe('writing', () => {
  it('creates the folders it needs', async () => {
    expect(await workspace.writeText('x/y/z.txt', 'deep', options)).toEqual({ path: 'x/y/z.txt', isNew: true, isChanged: true });
    expect(await folder.read('x/y/z.txt')).toBe('deep');
  });

  it('raises the epoch with each real change and only then', async () => {
    const epochs = [workspace.epoch];
    for (const text of ['new', 'new', 'first', 'first']) {
      await workspace.writeText('a.txt', text, options);
      epochs.push(workspace.epoch);
    }
    expect(epochs).toEqual([0, 1, 1, 2, 2]);
  });

  it('keeps the permissions of the file it replaces', async () => {
    await chmod(join(folder.path, 'a.txt'), 0o750);
    await workspace.writeText('a.txt', '#!/bin/sh', options);
    expect((await stat(join(folder.path, 'a.txt'))).mode & 0o777).toBe(0o750);
  });

  it('never shows a reader a part of a file', async () => {
    const texts = ['x'.repeat(900), 'y'.repeat(900)];
    await workspace.writeText('a.txt', 'x'.repeat(900), options);
    let isWriting = true;
    const writing = (async () => {
      for (let round = 0; round < 50; round++) await workspace.writeText('a.txt', texts[round % 2] ?? '', options);
      isWriting = false;
    })();
    while (isWriting) expect(texts).toContain(await folder.read('a.txt'));
    await writing;
  });

  it('leaves nothing behind when it is given up on before the last step', async () => {
    const given = new AbortController();
    given.abort(new Error('given up'));
    await expect(workspace.writeText('new.txt', 'text', { ...options, signal: given.signal })).rejects.toThrow('given up');
    expect((await readdir(folder.path)).sort()).toEqual(['a.txt', 'src']);
    expect(workspace.epoch).toBe(0);
  });

  it('refuses what is larger than file.maxBytes, in bytes', async () => {
    await expect(workspace.writeText('new.txt', 'ä'.repeat(501), options)).rejects.toMatchObject({ code: 'too_large' });
    await workspace.writeText('new.txt', 'ä'.repeat(500), options);
  });

  it('refuses when the file is no longer what the change was made from', async () => {
    await folder.write('a.txt', 'changed by a person');
    await expect(workspace.writeText('a.txt', 'edited', { ...options, expected: 'first' })).rejects.toMatchObject({ code: 'conflict' });
    await expect(workspace.writeText('gone.txt', 'edited', { ...options, expected: 'first' })).rejects.toMatchObject({ code: 'conflict' });
    expect(await folder.read('a.txt')).toBe('changed by a person');
  });

  it('lets only one of two edits from the same text through', async () => {
    const outcomes = await Promise.allSettled(['one', 'two'].map((text) => workspace.writeText('a.txt', text, { ...options, expected: 'first' })));
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(workspace.epoch).toBe(1);
  });

  it('goes on after a write that failed', async () => {
    await expect(workspace.writeText('src', 'text', options)).rejects.toMatchObject({ code: 'not_found' });
    await workspace.writeText('a.txt', 'fine', options);
    expect(await folder.read('a.txt')).toBe('fine');
  });

  it.each(['', '.', './', 'src/..'])('refuses %j, which names the workspace itself', async (path) => {
    await expect(workspace.writeText(path, 'text', options)).rejects.toMatchObject({ code: 'invalid_input' });
  });

  it('says so when a folder on the way is a file', async () => {
    await expect(workspace.writeText('a.txt/b.txt', 'text', options)).rejects.toMatchObject({ code: 'not_found', message: expect.stringContaining('not a folder') });
  });
});

describe('reading', () => {
  it('says what stands in the way', async () => {
    await writeFile(join(folder.path, 'binary'), Buffer.from([1, 0, 2]));
    await writeFile(join(folder.path, 'latin1'), Buffer.from([0x67, 0xfc, 0x6e]));
    await writeFile(join(folder.path, 'large'), 'x'.repeat(1_001));
    const codes = await Promise.all(
      ['missing', 'missing/deep', 'src', '.', 'binary', 'latin1', 'large', 'x'.repeat(300)].map((path) => workspace.readText(path, options).catch((error: { code: string }) => error.code)),
    );
    expect(codes).toEqual(['not_found', 'not_found', 'not_found', 'not_found', 'not_text', 'not_text', 'too_large', 'invalid_input']);
  });

  it('does not show the path of the server in its words', async () => {
    const message = await workspace.readText('missing/deep', options).catch((error: Error) => error.message);
    expect(message).toBe('missing/deep does not exist.');
  });

  it('opens a workspace through a link once, and works on what the link named then', async () => {
    await mkdir(join(folder.path, 'real'));
    await folder.write('real/c.txt', 'third');
    const { symlink } = await import('node:fs/promises');
    await symlink('real', join(folder.path, 'alias'));
    const linked = await Workspace.open(join(folder.path, 'alias'));
    expect(linked.root.endsWith('/real')).toBe(true);
    expect(await linked.readText('c.txt', options)).toBe('third');
  });
});
