import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { ToolError } from '../tool-error.js';
import type { Tool, ToolContext } from '../tool.port.js';
import { type CommandResult, Commands } from './commands.js';
import { detectTestCommand } from './test-runners/detect-test-command.js';
import { summarizeTests } from './test-runners/test-summary.js';

const input = z.strictObject({
  folder: z.string().default('.').describe('Folder of the package to test, relative to the workspace'),
  filter: z
    .array(z.string().min(1).regex(/^[^-]/, 'must not begin with -'))
    .default([])
    .describe("Test files or patterns to restrict it to, as the project's runner takes them. Default: all tests"),
});

@Injectable()
export class RunTestsTool implements Tool<z.output<typeof input>> {
  readonly name = 'run_tests';
  readonly description =
    "Runs the project's tests in a sandbox without network, with the runner that its files name (npm test, vitest, jest, mocha, node --test, pytest, cargo, go). " +
    'Answers with the number of tests that passed and failed where the runner tells, and its output.';
  readonly input = input;
  readonly readOnly = false;
  readonly idempotent = true;
  readonly timeoutClass = 'test';
  readonly cap = 'tool.maxPerRun.test';
  readonly phase = 'verifying';

  constructor(private readonly commands: Commands) {}

  async execute({ folder, filter }: z.output<typeof input>, context: ToolContext): Promise<string> {
    const command = await detectTestCommand((name) => readIfPresent(context, `${folder}/${name}`), filter);
    if (!command) throw new ToolError('not_found', `Nothing in ${folder} says how its tests are run: there is no package.json, pytest configuration, Cargo.toml or go.mod. Use run_command.`);
    // One stream, so that what a test printed stands beside its result.
    const result = await this.commands.run({ command: ['sh', '-c', 'exec "$@" 2>&1', 'sh', ...command], folder }, context);
    const text = describe(command, result);
    if (result.exitCode !== 0) throw new ToolError('command_failed', text);
    return text;
  }
}

function describe(command: readonly string[], { exitCode, output, durationMs }: CommandResult): string {
  const summary = summarizeTests(output);
  const counts = summary ? `${summary.passed} passed, ${summary.failed} failed` : 'the runner gave no counts that are known';
  return `Tests ${exitCode === 0 ? 'succeeded' : 'failed'}: ${counts} (${command.join(' ')}; exit code ${exitCode}, ${durationMs} ms)\n${output || '(no output)'}`;
}

async function readIfPresent({ workspace, limits }: ToolContext, path: string): Promise<string | null> {
  try {
    return await workspace.readText(path, { maxBytes: limits.fileMaxBytes });
  } catch (error) {
    if (error instanceof ToolError && error.code === 'not_found') return null;
    throw error;
  }
}
