import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { ToolError } from '../tool-error.js';
import type { Tool, ToolContext, ToolLimits } from '../tool.port.js';
import { FILE_READS, partKey } from './file-reads.js';
import { numberedLines, splitLines } from './lines.js';

/** A large file that has not changed is shown whole once without a word, once with a warning, and then no more. */
const REFUSED_WHOLE_READ = 3;
/** Left free in a page for the line that says where it ends. */
const FOOTER_BYTES = 120;

const input = z.strictObject({
  path: z.string().min(1).describe('File, relative to the workspace'),
  startLine: z.int().min(1).optional().describe('First line to show, counted from 1. Default: 1'),
  endLine: z.int().min(1).optional().describe('Last line to show. Default: as many as fit'),
});

@Injectable()
export class ReadFileTool implements Tool<z.output<typeof input>> {
  readonly name = 'read_file';
  readonly description =
    'Reads a UTF-8 text file. Each line comes as its number, a tab and the text; the number and tab are not part of the file. ' +
    'A long file comes in pages: give startLine to go on, or search_text to find the place first.';
  readonly input = input;
  readonly readOnly = true;
  readonly idempotent = true;
  readonly answersFromWorkspace = true;
  readonly timeoutClass = 'read';

  async execute({ path, startLine = 1, endLine }: z.output<typeof input>, { workspace, limits, memory }: ToolContext): Promise<string> {
    const text = await workspace.readText(path, { maxBytes: limits.fileMaxBytes });
    const resolved = workspace.resolve(path);
    const reads = memory.of(FILE_READS);
    const key = partKey(resolved, text, startLine, endLine, limits.outputMaxBytes);
    const before = reads.find(key);
    const isWhole = startLine === 1 && endLine === undefined && isLarge(text, limits);
    if (before && isWhole && before.reads >= REFUSED_WHOLE_READ - 1) throw tooOften(resolved, `as a whole ${before.reads} times already`);
    if (before && !before.steps.has(memory.step) && before.steps.size >= limits.fileMaxReadIterations) throw tooOften(resolved, `in ${before.steps.size} steps already`);
    const page = before?.text ?? showPage(path, text, { startLine, endLine }, limits.outputMaxBytes);
    reads.note(key, page, memory.step, limits.fileReadCacheSize);
    return before && isWhole ? `${page}\n[${resolved} is large, and you have read it whole before; it has not changed. Next time name a range, or use search_text]` : page;
  }
}

function showPage(path: string, text: string, { startLine, endLine }: { startLine: number; endLine?: number }, maxBytes: number): string {
  const lines = splitLines(text.replace(/^\uFEFF/, ''));
  if (lines.length === 0) return `${path} is empty.`;
  if (endLine !== undefined && endLine < startLine) throw new ToolError('invalid_input', `endLine ${endLine} is before startLine ${startLine}.`);
  if (startLine > lines.length) throw new ToolError('invalid_input', `startLine: ${path} has only ${lines.length} lines.`);
  const page = numberedLines(lines.slice(startLine - 1, endLine), startLine, maxBytes - FOOTER_BYTES);
  const last = startLine + page.count - 1;
  if (last === lines.length) return page.text;
  return `${page.text}\n[lines ${startLine} to ${last} of ${lines.length}; go on with startLine ${last + 1}]`;
}

function isLarge(text: string, { fileLargeBytes, fileLargeLines }: ToolLimits): boolean {
  return Buffer.byteLength(text) > fileLargeBytes || splitLines(text).length > fileLargeLines;
}

function tooOften(path: string, howOften: string): ToolError {
  return new ToolError('limit_reached', `Not read: you have read ${path} ${howOften}, and it has not changed. Work with what you know of it, read another range, or use search_text.`);
}
