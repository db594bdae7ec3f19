import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { ToolError } from '../tool-error.js';
import type { Tool, ToolContext } from '../tool.port.js';
import { applyHunks } from './apply-hunks.js';
import { type FilePatch, parsePatch } from './parse-patch.js';

const input = z.strictObject({
  patch: z.string().min(1).describe('Unified diff, with "--- a/path", "+++ b/path" and "@@" lines; /dev/null for a file that is created or deleted'),
});

/** A change that has been worked out and not yet been made. */
interface PlannedChange {
  readonly path: string;
  readonly before: string | null;
  readonly after: string | null;
  readonly movedFrom: string | null;
}

@Injectable()
export class ApplyPatchTool implements Tool<z.output<typeof input>> {
  readonly name = 'apply_patch';
  readonly description =
    'Applies a unified diff to one or more files: changes, creates, deletes and renames them. Hunks may have moved; their context must match. ' +
    'When any hunk does not fit, nothing is changed at all.';
  readonly input = input;
  readonly readOnly = false;
  readonly idempotent = false;
  readonly timeoutClass = 'edit';

  async execute({ patch }: z.output<typeof input>, context: ToolContext): Promise<string> {
    const files = parsePatch(patch);
    const paths = files.map(({ oldPath, newPath }) => context.workspace.resolve(newPath ?? oldPath ?? ''));
    const twice = paths.find((path, index) => paths.indexOf(path) !== index);
    if (twice !== undefined) throw new ToolError('invalid_input', `${twice} is in the patch twice. Put all its hunks under one header.`);
    const changes: PlannedChange[] = [];
    for (const file of files) changes.push(await plan(file, context));
    const done: string[] = [];
    for (const change of changes) {
      done.push(await make(change, context).catch((error: unknown) => Promise.reject(withWhatIsDone(error, done))));
    }
    return done.join('\n');
  }
}

async function plan({ oldPath, newPath, hunks }: FilePatch, { workspace, limits }: ToolContext): Promise<PlannedChange> {
  const maxBytes = limits.fileMaxBytes;
  const path = newPath ?? oldPath ?? '';
  const movedFrom = oldPath !== null && newPath !== null && oldPath !== newPath ? oldPath : null;
  const before = oldPath === null ? null : await workspace.readText(oldPath, { maxBytes });
  const isTaken = (oldPath === null || movedFrom !== null) && (await exists(path, workspace, maxBytes));
  if (isTaken) throw new ToolError('conflict', `${path} exists already; the patch would create it.`);
  const after = applyHunks(before ?? '', hunks, path);
  if (newPath !== null) return { path, before, after, movedFrom };
  if (after !== '') throw new ToolError('no_match', `${path} would be deleted, but the patch does not remove all its lines.`);
  return { path, before, after: null, movedFrom };
}

async function make({ path, before, after, movedFrom }: PlannedChange, { workspace, limits, signal }: ToolContext): Promise<string> {
  if (after === null) return `Deleted ${await workspace.remove(path, signal)}.`;
  if (movedFrom !== null) await workspace.move(movedFrom, path, signal);
  const written = await workspace.writeText(path, after, { maxBytes: limits.fileMaxBytes, signal, ...(before === null ? {} : { expected: before }) });
  if (movedFrom !== null) return `Moved ${workspace.resolve(movedFrom)} to ${written.path} and changed it.`;
  return `${written.isNew ? 'Created' : 'Changed'} ${written.path}.`;
}

async function exists(path: string, workspace: ToolContext['workspace'], maxBytes: number): Promise<boolean> {
  try {
    await workspace.readText(path, { maxBytes });
    return true;
  } catch (error) {
    if (error instanceof ToolError) return error.code !== 'not_found';
    throw error;
  }
}

/** Only somebody else's change at the same moment, or a full disk, gets in the way of a patch that fits. */
function withWhatIsDone(error: unknown, done: readonly string[]): unknown {
  if (!(error instanceof ToolError) || done.length === 0) return error;
  return new ToolError(error.code, `${error.message} Before that: ${done.join(' ')}`, { cause: error });
}
