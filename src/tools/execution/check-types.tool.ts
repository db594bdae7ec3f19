import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { compareDiagnostics, type Diagnostic, type DiagnosticsDelta } from '../diagnostics/diagnostics-delta.js';
import { memorySlot } from '../runner/run-memory.js';
import { ToolError } from '../tool-error.js';
import type { Tool, ToolContext } from '../tool.port.js';
import { Commands } from './commands.js';
import { parseDiagnostics } from './type-diagnostics.js';

/** Ours, for projects that bring none. */
const BUNDLED_TYPESCRIPT = dirname(dirname(fileURLToPath(import.meta.resolve('typescript'))));
const MOUNT = '/opt/typescript';
const COMPILE = `exec 2>&1; tsc=node_modules/typescript/lib/tsc.js; [ -f $tsc ] || tsc=${MOUNT}/lib/tsc.js; exec node $tsc --noEmit --pretty false --project "$1"`;
/** A build information file that could not be written, because nothing here can. */
const READ_ONLY_FAULT = 'TS5033';

/** Errors of the last check, by project. */
const LAST_CHECK = memorySlot(() => new Map<string, readonly Diagnostic[]>());

const input = z.strictObject({
  folder: z.string().default('.').describe('Folder with the tsconfig.json, relative to the workspace'),
});

@Injectable()
export class CheckTypesTool implements Tool<z.output<typeof input>> {
  readonly name = 'check_types';
  readonly description =
    'Checks a TypeScript project with its tsconfig.json, changing nothing. The first check of a run lists all errors; each further one says which are new and which are gone ' +
    'since the check before, and fails when there are new ones; so check once before you change things.';
  readonly input = input;
  readonly readOnly = true;
  readonly idempotent = true;
  readonly timeoutClass = 'test';
  readonly phase = 'verifying';

  constructor(private readonly commands: Commands) {}

  async execute({ folder }: z.output<typeof input>, context: ToolContext): Promise<string> {
    const project = context.workspace.resolve(folder);
    const command = ['sh', '-c', COMPILE, 'sh', 'tsconfig.json'] as const;
    const readOnlyPaths = [{ source: BUNDLED_TYPESCRIPT, target: MOUNT }];
    const { exitCode, output } = await this.commands.run({ command, folder, isReadOnly: true, readOnlyPaths }, context);
    const errors = parseDiagnostics(output).filter(({ identity }) => !identity.includes(READ_ONLY_FAULT));
    if (exitCode !== 0 && errors.length === 0 && !output.includes(READ_ONLY_FAULT)) throw new ToolError('command_failed', `The compiler ended with exit code ${exitCode}:\n${output}`);
    const checks = context.memory.of(LAST_CHECK);
    const before = checks.get(project);
    checks.set(project, errors);
    if (!before) return describeAll(errors);
    const delta = compareDiagnostics(before, errors);
    if (delta.added.length > 0) throw new ToolError('command_failed', describeDelta(delta));
    return describeDelta(delta);
  }
}

function describeAll(errors: readonly Diagnostic[]): string {
  return errors.length === 0 ? 'No type errors.' : [`${count(errors)}:`, ...errors.map(({ text }) => text)].join('\n');
}

function describeDelta({ added, remaining, fixed }: DiagnosticsDelta): string {
  const now = added.length + remaining.length;
  const section = (title: string, errors: readonly Diagnostic[]): string[] => (errors.length === 0 ? [] : [title, ...errors.map(({ text }) => text)]);
  const head = now === 0 ? 'No type errors' : `${now} type ${now === 1 ? 'error' : 'errors'}`;
  return [
    `${head}: ${added.length} new, ${remaining.length} as before, ${fixed.length} gone since the last check.`,
    ...section('New:', added),
    ...section('As before:', remaining),
    ...section('Gone:', fixed),
  ].join('\n');
}

function count(errors: readonly Diagnostic[]): string {
  return `${errors.length} type ${errors.length === 1 ? 'error' : 'errors'}`;
}
