import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** A real folder for tools to work on. */
export interface TestWorkspace {
  readonly path: string;
  read(file: string): Promise<string>;
  write(file: string, content: string): Promise<void>;
  remove(): Promise<void>;
}

export async function createTestWorkspace(files: Readonly<Record<string, string>> = {}): Promise<TestWorkspace> {
  const path = await mkdtemp(join(tmpdir(), 'lomu-workspace-'));
  const workspace: TestWorkspace = {
    path,
    read: (file) => readFile(join(path, file), 'utf8'),
    write: async (file, content) => {
      await mkdir(dirname(join(path, file)), { recursive: true });
      await writeFile(join(path, file), content);
    },
    remove: () => rm(path, { recursive: true, force: true }),
  };
  for (const [file, content] of Object.entries(files)) await workspace.write(file, content);
  return workspace;
}

/** A small project with TODOs whose counts are known: api.ts 3, notes.md 2, util.ts 1. */
export const TODO_PROJECT: Readonly<Record<string, string>> = {
  'src/api.ts': '// TODO: validate input\nexport function api() {\n  // TODO: retry\n  return 1; // TODO: real value\n}\n',
  'src/util.ts': '// TODO: remove\nexport const util = 1;\n',
  'docs/notes.md': '# Notes\n\n- TODO write the guide\n- TODO add pictures\n',
  'README.md': '# Example\n\nNothing to do here.\n',
};
