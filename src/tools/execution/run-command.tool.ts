import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { ToolError } from '../tool-error.js';
import type { Tool, ToolContext } from '../tool.port.js';
import { Commands } from './commands.js';

const input = z.strictObject({
  command: z.string().min(1).describe('For the shell, e.g. npm run build'),
  folder: z.string().default('.').describe('Folder to run it in, relative to the workspace'),
  timeoutMs: z.int().min(100).optional().describe('End it after this time. Default: as long as commands may take'),
});

/** Both outputs in the order in which they come, as a person at a terminal sees them. */
const IN_SHELL = ['sh', '-c', 'exec 2>&1; shell=$(command -v bash) || shell=sh; exec "$shell" -c "$1"', 'sh'] as const;

@Injectable()
export class RunCommandTool implements Tool<z.output<typeof input>> {
  readonly name = 'run_command';
  readonly description =
    'Runs a shell command in the workspace, in a sandbox: no network, no other files than the workspace and installed programs, .git is read-only. ' +
    'Nothing that it leaves running lives on. For tests use run_tests, for types check_types. Answers with exit code and output.';
  readonly input = input;
  readonly readOnly = false;
  readonly idempotent = false;
  readonly timeoutClass = 'command';
  readonly cap = 'tool.maxPerRun.command';

  constructor(private readonly commands: Commands) {}

  async execute({ command, folder, timeoutMs }: z.output<typeof input>, context: ToolContext): Promise<string> {
    const { exitCode, output, durationMs } = await this.commands.run({ command: [...IN_SHELL, command], folder, timeoutMs }, context);
    const text = `[exit code ${exitCode}, ${durationMs} ms]\n${output || '(no output)'}`;
    if (exitCode !== 0) throw new ToolError('command_failed', text);
    return text;
  }
}
