import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import type { Tool, ToolContext } from '../tool.port.js';
import { quoteName } from './quote-name.js';
import { TraversalThreads } from './traversal-threads.js';

const input = z.strictObject({
  pattern: z.string().min(1).max(1_000).describe('Glob such as *.test.ts or src/**/*.{ts,tsx}; one without a slash fits in every folder'),
  path: z.string().default('.').describe('Folder to look in, relative to the workspace'),
  includeIgnored: z.boolean().default(false).describe('Look also at what .gitignore leaves out, and node_modules'),
});

@Injectable()
export class FindFilesTool implements Tool<z.output<typeof input>> {
  readonly name = 'find_files';
  readonly description = 'Finds files by name with a glob pattern. Answers with paths relative to the workspace, one per line, in order.';
  readonly input = input;
  readonly readOnly = true;
  readonly idempotent = true;
  readonly answersFromWorkspace = true;
  readonly timeoutClass = 'search';

  constructor(private readonly threads: TraversalThreads) {}

  async execute({ pattern, path, includeIgnored }: z.output<typeof input>, { workspace, limits, signal, onProgress }: ToolContext): Promise<string> {
    const walk = { root: workspace.root, start: workspace.resolve(path), includeIgnored, maxFiles: limits.searchMaxFiles };
    const { paths, found, isCutShort } = await this.threads.run({ kind: 'find', walk, glob: pattern, maxPaths: limits.searchMaxMatches }, { signal, onProgress });
    const lines = [found === 0 ? `No file matches ${pattern}.` : `${found} ${found === 1 ? 'file' : 'files'}:`, ...paths.map(quoteName)];
    if (found > paths.length) lines.push(`[${found - paths.length} more; use a narrower pattern]`);
    if (isCutShort) lines.push(`[only the first ${limits.searchMaxFiles} files were looked at]`);
    return lines.join('\n');
  }
}
