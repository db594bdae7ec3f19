import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import type { Tool, ToolContext } from '../tool.port.js';
import { formatListing } from './format-listing.js';
import { TraversalThreads } from './traversal-threads.js';

const input = z.strictObject({
  path: z.string().default('.').describe('Folder, relative to the workspace'),
  depth: z.int().min(1).max(50).default(3).describe('Levels of folders to go into; 1 shows the folder itself alone'),
  format: z.enum(['tree', 'flat']).default('tree').describe('tree: indented names; flat: one whole path per line'),
  includeIgnored: z.boolean().default(false).describe('Show also what .gitignore leaves out, and node_modules'),
});

@Injectable()
export class ListFilesTool implements Tool<z.output<typeof input>> {
  readonly name = 'list_files';
  readonly description =
    'Lists the files and folders of the workspace with sizes in bytes. Leaves out what .gitignore names, node_modules and .git. ' +
    'Use find_files to look for names and search_text to look into files.';
  readonly input = input;
  readonly readOnly = true;
  readonly idempotent = true;
  readonly answersFromWorkspace = true;
  readonly timeoutClass = 'search';

  constructor(private readonly threads: TraversalThreads) {}

  async execute({ path, depth, format, includeIgnored }: z.output<typeof input>, { workspace, limits, signal, onProgress }: ToolContext): Promise<string> {
    const start = workspace.resolve(path);
    const walk = { root: workspace.root, start, includeIgnored, maxFiles: limits.searchMaxFiles, maxDepth: depth };
    const report = await this.threads.run({ kind: 'list', walk, maxEntries: limits.searchMaxMatches }, { signal, onProgress });
    return formatListing(report, start, format, depth);
  }
}
