import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import type { Tool, ToolContext } from '../tool.port.js';
import { splitLines } from './lines.js';

const input = z.strictObject({
  path: z.string().min(1).describe('File, relative to the workspace'),
  content: z.string().describe('The whole new content'),
});

@Injectable()
export class WriteFileTool implements Tool<z.output<typeof input>> {
  readonly name = 'write_file';
  readonly description =
    'Creates a text file with the given content, or replaces the whole content of an existing one. Missing folders are created. ' +
    'To change a part of a file use edit_file.';
  readonly input = input;
  readonly readOnly = false;
  readonly idempotent = true;
  readonly timeoutClass = 'edit';

  async execute({ path, content }: z.output<typeof input>, { workspace, limits, signal }: ToolContext): Promise<string> {
    const written = await workspace.writeText(path, content, { maxBytes: limits.fileMaxBytes, signal });
    if (!written.isChanged) return `${written.path} already holds exactly this; nothing was changed.`;
    return `${written.isNew ? 'Created' : 'Replaced'} ${written.path} (${splitLines(content).length} lines, ${Buffer.byteLength(content)} bytes).`;
  }
}
