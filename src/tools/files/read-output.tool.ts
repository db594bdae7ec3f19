import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { ToolOutputStore } from '../runner/tool-output-store.js';
import { ToolError } from '../tool-error.js';
import type { Tool, ToolContext } from '../tool.port.js';

/** Left free for the line that says where the part ends. */
const FOOTER_BYTES = 120;

const input = z.strictObject({
  outputRef: z.string().min(1).describe('Reference that a cut output gave'),
  offset: z.int().min(0).default(0).describe('First byte to show, counted from 0'),
  maxBytes: z.int().min(1).optional().describe('Most bytes to show. Default: as many as fit'),
});

@Injectable()
export class ReadOutputTool implements Tool<z.output<typeof input>> {
  readonly name = 'read_output';
  readonly description = 'Shows more of an earlier tool output whose middle was left out. The place where it was cut names the outputRef and offset to give.';
  readonly input = input;
  readonly readOnly = true;
  readonly idempotent = true;
  readonly timeoutClass = 'read';

  constructor(private readonly outputs: ToolOutputStore) {}

  async execute({ outputRef, offset, maxBytes = Infinity }: z.output<typeof input>, { workspace, limits }: ToolContext): Promise<string> {
    const output = this.outputs.find(workspace.root, outputRef);
    if (!output) throw new ToolError('not_found', `There is no output ${outputRef} (any more). Call the tool again.`);
    if (offset >= output.length) throw new ToolError('invalid_input', `offset: the output has only ${output.length} bytes.`);
    const start = characterStart(output, offset);
    const wanted = start + Math.min(maxBytes, Math.max(1, limits.outputMaxBytes - FOOTER_BYTES));
    // At least one character, or a model that asks for too little would never get on.
    const end = Math.max(characterStart(output, wanted), characterEnd(output, start));
    return `${output.toString('utf8', start, end)}\n[bytes ${start} to ${end} of ${output.length}${end < output.length ? `; go on with offset ${end}` : ''}]`;
  }
}

function characterStart(bytes: Buffer, position: number): number {
  let start = Math.min(position, bytes.length);
  while (start > 0 && start < bytes.length && isContinuation(bytes[start])) start--;
  return start;
}

function characterEnd(bytes: Buffer, start: number): number {
  let end = start + 1;
  while (isContinuation(bytes[end])) end++;
  return end;
}

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80;
}
