import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import type { Tool, ToolContext } from '../tool.port.js';

const input = z.strictObject({
  path: z.string().min(1).describe('File or empty folder, relative to the workspace'),
});

@Injectable()
export class DeleteFileTool implements Tool<z.output<typeof input>> {
  readonly name = 'delete_file';
  readonly description = 'Deletes a file, a symbolic link (not what it leads to) or an empty folder.';
  readonly input = input;
  readonly readOnly = false;
  readonly idempotent = false;
  readonly timeoutClass = 'edit';

  async execute({ path }: z.output<typeof input>, { workspace, signal }: ToolContext): Promise<string> {
    return `Deleted ${await workspace.remove(path, signal)}.`;
  }
}
