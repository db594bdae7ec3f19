import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import type { Tool, ToolContext } from '../tool.port.js';

const input = z.strictObject({
  from: z.string().min(1).describe('File or folder, relative to the workspace'),
  to: z.string().min(1).describe('Its new path, relative to the workspace; nothing may be there yet'),
});

@Injectable()
export class MoveFileTool implements Tool<z.output<typeof input>> {
  readonly name = 'move_file';
  readonly description = 'Moves or renames a file or a folder, making the folders that are missing. Never replaces anything. What refers to the old path stays as it is.';
  readonly input = input;
  readonly readOnly = false;
  readonly idempotent = false;
  readonly timeoutClass = 'edit';

  async execute({ from, to }: z.output<typeof input>, { workspace, signal }: ToolContext): Promise<string> {
    const moved = await workspace.move(from, to, signal);
    return `Moved ${moved.from} to ${moved.to}.`;
  }
}
