import { chmod, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { RunMemory, type Sandbox, Workspace } from '../../../src/tools/index.js';
import { CheckTypesTool } from '../../../src/tools/execution/check-types.tool.js';
import { Commands } from '../../../src/tools/execution/commands.js';
import { RunTestsTool } from '../../../src/tools/execution/run-tests.tool.js';
import { TraversalThreads } from '../../../src/tools/traversal/traversal-threads.js';
import { FixedLimits } from '../../support/streaming/fixed-limits.js';
import { chownAll } from '../../support/tools/chown-all.js';
import { createSandboxWorkspace, describeWithSandbox, makeSandbox, runScript } from '../../support/tools/test-sandbox.js';
import { toolContext } from '../../support/tools/tool-context.js';
import type { TestWorkspace } from '../../support/test-workspace.js';

/** Nothing to check but the files themselves. */
const QUICK = { types: [], lib: ['es5'], skipLibCheck: true };

describeWithSandbox('I5: code of a project that tools run for it', () => {
  let sandbox: Sandbox;
  let threads: TraversalThreads;
  let commands: Commands;
  let canary: TestWorkspace;
  let project: TestWorkspace;
  /** Shell that tries to read and to write outside, and leaves a trace inside. */
  let evil: string;
  /** The same for Node. */
  let evilModule: string;

  beforeAll(async () => {
    sandbox = await makeSandbox();
    threads = new TraversalThreads(new FixedLimits());
    commands = new Commands(sandbox, threads);
    canary = await createSandboxWorkspace({ 'secret.ts': 'export const secret: number = "canary-secret";\n' });
    await chmod(canary.path, 0o777);
    evil = `echo tried >> /tmp/tried; cat ${canary.path}/secret.ts; cp /bin/sh ${canary.path}/evil; cat /workspace/.env; cat /proc/*/environ`;
    evilModule = `require('child_process').execSync(${JSON.stringify(`${evil}; cat /tmp/tried`)} + ' 2>/dev/null; true', { stdio: 'inherit' });`;
  });
  afterAll(async () => {
    await threads.onApplicationShutdown();
    await canary.remove();
  });
  afterEach(async () => {
    expect(await readdir(canary.path)).toEqual(['secret.ts']);
    await project.remove();
  });

  const open = async (files: Record<string, string>): Promise<ReturnType<typeof toolContext>> => {
    project = await createSandboxWorkspace({ '.env': 'canary-secret', ...files });
    await chownAll(project.path);
    return toolContext(await Workspace.open(project.path), {}, { memory: new RunMemory() });
  };
  const outputOf = (call: Promise<string>): Promise<string> => call.catch((error: Error) => error.message);
  const tests = async (files: Record<string, string>): Promise<string> => outputOf(new RunTestsTool(commands).execute({ folder: '.', filter: [] }, await open(files)));
  const types = async (files: Record<string, string>): Promise<string> => outputOf(new CheckTypesTool(commands).execute({ folder: '.' }, await open(files)));
  const manifest = (content: object): string => JSON.stringify({ name: 'x', ...content });

  it.each([
    ['its test script', () => ({ 'package.json': manifest({ scripts: { test: `(${evil}; cat /tmp/tried) 2>/dev/null; true` } }) })],
    ['a script before its tests', () => ({ 'package.json': manifest({ scripts: { pretest: `(${evil}; cat /tmp/tried) 2>/dev/null; true`, test: 'true' } }) })],
    ['a test runner of its own', () => ({ 'package.json': manifest({ scripts: { test: 'node_modules/runner.js' } , type: 'commonjs' }), 'node_modules/runner.js': evilModule, 'runner.test.js': evilModule })],
    ['a test', () => ({ 'package.json': manifest({ scripts: { test: 'node x.test.js' } }), 'x.test.js': evilModule })],
    ['options for npm', () => ({ 'package.json': manifest({ scripts: { test: 'node x.js' } }), 'x.js': '', '.npmrc': 'node-options=--require=/workspace/evil.cjs\nscript-shell=/bin/sh\n', 'evil.cjs': evilModule })],
  ] as const)('run_tests: %s gets nothing', async (_, files) => {
    expect(await tests(files())).not.toContain('canary-secret');
  });

  it('and such code does run, so that this shows something', async () => {
    expect(await tests({ 'package.json': manifest({ scripts: { test: 'node x.test.js' } }), 'x.test.js': evilModule })).toContain('tried');
  });

  it.each([
    ['a plugin', () => ({ 'tsconfig.json': JSON.stringify({ compilerOptions: { plugins: [{ name: './evil.js', transform: './evil.js' }], ...QUICK }, files: ['a.ts'] }), 'a.ts': 'export {};', 'evil.js': evilModule })],
    ['a compiler of its own', () => ({ 'tsconfig.json': '{}', 'node_modules/typescript/lib/tsc.js': evilModule })],
    ['files outside', () => ({ 'tsconfig.json': JSON.stringify({ compilerOptions: { ...QUICK }, files: [join(canary.path, 'secret.ts')] }) })],
    ['folders outside', () => ({ 'tsconfig.json': JSON.stringify({ compilerOptions: { ...QUICK }, include: [`${canary.path}/**/*`, '/**/secret.ts'] }) })],
    ['a configuration outside', () => ({ 'tsconfig.json': JSON.stringify({ extends: join(canary.path, 'secret.ts'), files: [] }) })],
    ['output outside', () => ({ 'tsconfig.json': JSON.stringify({ compilerOptions: { ...QUICK, outDir: canary.path, declarationDir: canary.path, declaration: true, tsBuildInfoFile: join(canary.path, 'info'), incremental: true }, files: ['a.ts'] }), 'a.ts': 'export {};' })],
    ['an import from outside', () => ({ 'tsconfig.json': JSON.stringify({ compilerOptions: { ...QUICK }, files: ['a.ts'] }), 'a.ts': `import { secret } from '${canary.path}/secret.js';\nexport const leaked: boolean = secret;` })],
  ] as const)('check_types: %s gives nothing', async (_, files) => {
    const output = await types(files());
    expect(output).not.toContain('canary-secret');
    expect(output).not.toContain("Type 'string' is not assignable to type 'number'"); // what the compiler would say of the secret
  });

  it.each([
    ['a hook', 'mkdir -p .git/hooks && cp evil.sh .git/hooks/pre-commit && chmod +x .git/hooks/pre-commit; git add a.txt; git commit -m x'],
    ['a folder of hooks', 'mkdir hooks && cp evil.sh hooks/pre-commit && chmod +x hooks/pre-commit; git config core.hooksPath hooks; git add a.txt; git commit -m x'],
    ['a file system monitor', 'git config core.fsmonitor /workspace/evil.sh; git status'],
    ['a filter', 'git config filter.x.clean /workspace/evil.sh; echo "* filter=x" > .gitattributes; git add a.txt'],
    ['an external diff', 'git add a.txt; git commit -m x; echo b > a.txt; git config diff.external /workspace/evil.sh; git diff'],
    ['an editor', 'git add a.txt; git config core.editor /workspace/evil.sh; git commit'],
    ['an alias', 'git config alias.x "!sh /workspace/evil.sh"; git x'],
    ['a pager', 'git config core.pager "sh /workspace/evil.sh"; git --paginate log'],
    ['a program for ssh', 'git config core.sshCommand /workspace/evil.sh; git fetch ssh://x/y'],
  ])('git, where it may write: %s gets nothing', async (_, script) => {
    await open({ 'evil.sh': `#!/bin/sh\n(${evil}; echo ran > /workspace/ran) 2>/dev/null\ncat\n`, 'a.txt': 'a\n' });
    await chmod(join(project.path, 'evil.sh'), 0o755);
    const identity = 'git config --global user.name x; git config --global user.email x@x.test; git init -q .';
    const { output, errors } = await runScript(sandbox, project, `${identity}; (${script}) </dev/null`, { isGitWritable: true });
    expect(output + errors).not.toContain('canary-secret');
  });
});
