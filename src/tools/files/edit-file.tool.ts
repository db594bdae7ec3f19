import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { ToolError } from '../tool-error.js';
import type { Tool, ToolContext } from '../tool.port.js';
import { numberedLines, splitLines } from './lines.js';
import { editText } from './text-edit.js';

const CONTEXT_LINES = 2;
const MAX_SHOWN_LINES = 20;
const MAX_SHOWN_BYTES = 4_000;

const input = z.strictObject({
  path: z.string().min(1).describe('File, relative to the workspace'),
  oldText: z.string().min(1).describe('Text to replace, as it stands in the file, with enough around it to be there only once'),
  newText: z.string().describe('Text to put in its place; empty to delete'),
  replaceAll: z.boolean().default(false).describe('Replace every occurrence instead of insisting on exactly one'),
});

@Injectable()
export class EditFileTool implements Tool<z.output<typeof input>> {
  readonly name = 'edit_file';
  readonly description =
    'Replaces a piece of a text file. oldText must be in the file exactly once (or set replaceAll); differences in white space are overlooked when ' +
    'the place is still clear. Do not include the line numbers that read_file shows. Answers with the changed lines.';
  readonly input = input;
  readonly readOnly = false;
  readonly idempotent = false;
  readonly timeoutClass = 'edit';

  async execute({ path, oldText, newText, replaceAll }: z.output<typeof input>, { workspace, limits, signal }: ToolContext): Promise<string> {
    if (oldText === newText) throw new ToolError('invalid_input', 'newText is the same as oldText; there is nothing to change.');
    const maxBytes = limits.fileMaxBytes;
    const before = await workspace.readText(path, { maxBytes });
    const edit = editText(before, { oldText, newText, replaceAll }, path);
    const written = await workspace.writeText(path, edit.text, { maxBytes, signal, expected: before });
    const count = edit.replacements === 1 ? 'one place' : `${edit.replacements} places`;
    const tolerance = edit.tolerance ? `, overlooking differences in ${edit.tolerance}` : '';
    return `Changed ${written.path} in ${count}${tolerance}. From line ${edit.firstLine} it reads now:\n${excerpt(edit.text, edit.firstLine, newText)}`;
  }
}

function excerpt(text: string, firstLine: number, newText: string): string {
  const from = Math.max(1, firstLine - CONTEXT_LINES);
  const count = Math.min(MAX_SHOWN_LINES, splitLines(newText).length + 2 * CONTEXT_LINES);
  return numberedLines(splitLines(text).slice(from - 1, from - 1 + count), from, MAX_SHOWN_BYTES).text;
}
