import { Workspace } from '../../../src/tools/index.js';
import { ApplyPatchTool } from '../../../src/tools/files/apply-patch.tool.js';
import { DeleteFileTool } from '../../../src/tools/files/delete-file.tool.js';
import { MoveFileTool } from '../../../src/tools/files/move-file.tool.js';
import { createTestWorkspace, type TestWorkspace } from '../../support/test-workspace.js';
import { toolContext } from '../../support/tools/tool-context.js';

const TEN = Array.from({ length: 10 }, (_, index) => `line ${index + 1}`);

let folder: TestWorkspace;
let workspace: Workspace;

beforeEach(async () => {
  folder = await createTestWorkspace({ 'a.txt': `${TEN.join('\n')}\n`, 'open.txt': 'one\ntwo', 'crlf.txt': 'one\r\ntwo\r\n', '.env': 'SECRET', '.git/config': '', 'src/b.txt': 'b\n' });
  workspace = await Workspace.open(folder.path);
});
afterEach(() => folder.remove());

const patchTool = new ApplyPatchTool();
const apply = (patch: string): Promise<string> => patchTool.execute({ patch }, toolContext(workspace));
const header = (path: string, to = path): string => `--- a/${path}\n+++ b/${to}\n`;

describe('apply_patch', () => {
  it('changes, creates, deletes and renames files in one go', async () => {
    const patch = [
      'diff --git a/a.txt b/a.txt\nindex 1..2 100644\n--- a/a.txt\n+++ b/a.txt\n@@ -1,3 +1,3 @@\n line 1\n-line 2\n+LINE 2\n line 3\n@@ -9,2 +9,3 @@ context\n line 9\n line 10\n+line 11',
      'diff --git a/new/c.txt b/new/c.txt\nnew file mode 100644\n--- /dev/null\n+++ b/new/c.txt\n@@ -0,0 +1,2 @@\n+c\n+d',
      '--- a/src/b.txt\n+++ /dev/null\n@@ -1 +0,0 @@\n-b',
      '--- a/open.txt\t2026-01-01\n+++ b/moved.txt\t2026-01-02\n@@ -1,2 +1,2 @@\n one\n-two\n\\ No newline at end of file\n+zwei\n\\ No newline at end of file\n',
    ].join('\n');
    expect(await apply(patch)).toBe('Changed a.txt.\nCreated new/c.txt.\nDeleted src/b.txt.\nMoved open.txt to moved.txt and changed it.');
    expect(await folder.read('a.txt')).toBe(`line 1\nLINE 2\n${TEN.slice(2).join('\n')}\nline 11\n`);
    expect(await folder.read('new/c.txt')).toBe('c\nd\n');
    expect(await folder.read('moved.txt')).toBe('one\nzwei');
    await expect(folder.read('src/b.txt')).rejects.toThrow('ENOENT');
    await expect(folder.read('open.txt')).rejects.toThrow('ENOENT');
  });

  it.each([
    ['at a wrong line, with wrong counts', '@@ -900,7 +1,1 @@\n line 4\n-line 5\n+five\n line 6\n'],
    ['with white space at line ends that differs', '@@ -4,3 +4,3 @@\n line 4   \n-line 5 \n+five\n line 6\n'],
    ['with Windows line ends in the patch', '@@ -4,3 +4,3 @@\r\n line 4\r\n-line 5\r\n+five\r\n line 6\r\n'],
  ])('finds a hunk %s', async (_, hunk) => {
    await apply(header('a.txt') + hunk);
    expect((await folder.read('a.txt')).split('\n').slice(3, 6)).toEqual(['line 4', 'five', 'line 6']);
  });

  it('takes the place nearest to where a hunk says it is', async () => {
    await folder.write('a.txt', 'x\n-\nx\n-\nx\n');
    await apply(`${header('a.txt')}@@ -3 +3 @@\n-x\n+y\n`);
    expect(await folder.read('a.txt')).toBe('x\n-\ny\n-\nx\n');
  });

  it('keeps line ends, and whether the last line has one', async () => {
    await apply(`${header('crlf.txt')}@@ -1,2 +1,3 @@\n one\n+middle\n two\n${header('open.txt')}@@ -1 +1 @@\n-one\n+eins\n`);
    expect([await folder.read('crlf.txt'), await folder.read('open.txt')]).toEqual(['one\r\nmiddle\r\ntwo\r\n', 'eins\ntwo']);
    await apply(`${header('open.txt')}@@ -2 +2 @@\n-two\n\\ No newline at end of file\n+two\n`);
    expect(await folder.read('open.txt')).toBe('eins\ntwo\n');
  });

  it('inserts after the line that a hunk without context names', async () => {
    await apply(`${header('a.txt')}@@ -2,0 +3 @@\n+between\n`);
    expect((await folder.read('a.txt')).split('\n').slice(1, 4)).toEqual(['line 2', 'between', 'line 3']);
  });

  it('takes removed lines that look like a header for what they are', async () => {
    await folder.write('a.txt', '-- comment\nx\n');
    await apply(`${header('a.txt')}@@ -1,2 +1 @@\n--- comment\n x\n`);
    expect(await folder.read('a.txt')).toBe('x\n');
  });

  it('changes nothing at all when one hunk does not fit, and says which and why', async () => {
    const epoch = workspace.epoch;
    const patch = `${header('src/b.txt')}@@ -1 +1 @@\n-b\n+B\n${header('a.txt')}@@ -1 +1 @@\n-line 1\n+x\n@@ -5,2 +5,2 @@\n line 5\n-line 66\n+y\n`;
    await expect(apply(patch)).rejects.toMatchObject({ code: 'no_match', message: expect.stringMatching(/^Hunk 2 \(@@ -5,2 \+5,2 @@\) does not fit\. What it replaces is not in a\.txt.*yours: line 66\n {2}there: line 6/s) });
    expect([await folder.read('src/b.txt'), workspace.epoch]).toEqual(['b\n', epoch]);
  });

  it.each([
    ['words', 'please change the file', 'invalid_input'],
    ['a hunk without a file', '@@ -1 +1 @@\n-a\n+b\n', 'invalid_input'],
    ['a file without a hunk', header('a.txt'), 'invalid_input'],
    ['nothing on both sides', '--- /dev/null\n+++ /dev/null\n@@ -1 +1 @@\n-a\n+b\n', 'invalid_input'],
    ['a file twice', `${header('a.txt')}@@ -1 +1 @@\n-line 1\n+x\n`.repeat(2), 'invalid_input'],
    ['creating what exists', '--- /dev/null\n+++ b/a.txt\n@@ -0,0 +1 @@\n+x\n', 'conflict'],
    ['creating a secret that exists', '--- /dev/null\n+++ b/.env\n@@ -0,0 +1 @@\n+x\n', 'conflict'],
    ['moving onto what exists', `${header('a.txt', 'src/b.txt')}@@ -1 +1 @@\n-line 1\n+x\n`, 'conflict'],
    ['deleting with lines left', '--- a/a.txt\n+++ /dev/null\n@@ -1 +0,0 @@\n-line 1\n', 'no_match'],
    ['a file that is not there', `${header('gone.txt')}@@ -1 +1 @@\n-a\n+b\n`, 'not_found'],
    ['a path outside', `${header('../../etc/passwd')}@@ -1 +1 @@\n-a\n+b\n`, 'outside_workspace'],
    ['a path of git', '--- /dev/null\n+++ b/.git/hooks/pre-commit\n@@ -0,0 +1 @@\n+x\n', 'denied'],
    ['a secret file', `${header('.env')}@@ -1 +1 @@\n-SECRET\n+x\n`, 'denied'],
  ])('refuses %s', async (_, patch, code) => {
    await expect(apply(patch)).rejects.toMatchObject({ code });
  });
});

describe('delete_file', () => {
  const tool = new DeleteFileTool();
  const remove = (path: string): Promise<string> => tool.execute({ path }, toolContext(workspace));

  it('deletes a file, and then the folder that it leaves empty', async () => {
    await expect(remove('src')).rejects.toMatchObject({ code: 'denied', message: 'src is a folder that is not empty.' });
    expect([await remove('src/b.txt'), await remove('./src/')]).toEqual(['Deleted src/b.txt.', 'Deleted src.']);
    expect(workspace.epoch).toBe(2);
  });

  it.each([
    ['gone.txt', 'not_found'],
    ['.', 'invalid_input'],
    ['.env', 'denied'],
    ['.git/config', 'denied'],
    ['../x', 'outside_workspace'],
  ])('refuses %s', async (path, code) => {
    await expect(remove(path)).rejects.toMatchObject({ code });
    expect(workspace.epoch).toBe(0);
  });
});

describe('move_file', () => {
  const tool = new MoveFileTool();
  const move = (from: string, to: string): Promise<string> => tool.execute({ from, to }, toolContext(workspace));

  it('moves files and folders, making what is missing on the way', async () => {
    expect(await move('a.txt', 'x/y/a.txt')).toBe('Moved a.txt to x/y/a.txt.');
    expect(await move('src', 'x/src')).toBe('Moved src to x/src.');
    expect([(await folder.read('x/y/a.txt')).slice(0, 6), await folder.read('x/src/b.txt')]).toEqual(['line 1', 'b\n']);
  });

  it.each([
    ['a.txt', 'src/b.txt', 'conflict'],
    ['a.txt', 'src', 'conflict'],
    ['a.txt', 'a.txt', 'invalid_input'],
    ['src', 'src/deeper', 'invalid_input'],
    ['gone.txt', 'new.txt', 'not_found'],
    ['.env', 'visible.txt', 'denied'],
    ['a.txt', '.env.local', 'denied'],
    ['a.txt', '.git/hooks/post-checkout', 'denied'],
    ['a.txt', '../a.txt', 'outside_workspace'],
    ['/etc/passwd', 'passwd', 'outside_workspace'],
  ])('refuses to move %s to %s', async (from, to, code) => {
    await expect(move(from, to)).rejects.toMatchObject({ code });
    expect(workspace.epoch).toBe(0);
  });
});
