import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import type { Tool, ToolContext } from '../tool.port.js';
import { assertReadable } from '../workspace/protected-path.js';
import { formatMatches } from './format-matches.js';
import { toLinePattern } from './line-pattern.js';
import { mergeReports } from './merge-reports.js';
import type { SearchJob, SearchReport } from './traversal-job.js';
import type { JobOptions } from './traversal-thread.js';
import { TraversalThreads } from './traversal-threads.js';

const input = z.strictObject({
  query: z.string().min(1).max(1_000).describe('Text to look for, or a JavaScript regular expression with regex: true. Searched line by line'),
  regex: z.boolean().default(false).describe('Take query as a regular expression'),
  caseSensitive: z.boolean().default(true).describe('Tell upper from lower case'),
  path: z.string().default('.').describe('Folder or file to look in, relative to the workspace'),
  glob: z.string().min(1).max(1_000).optional().describe('Only files that fit this glob, such as *.ts'),
  contextLines: z.int().min(0).max(10).default(0).describe('Lines to show before and after each match'),
  countOnly: z.boolean().default(false).describe('Only count the matches of each file, show no lines'),
  maxLines: z.int().min(1).optional().describe('Most matching lines to show. All are counted in any case'),
  includeIgnored: z.boolean().default(false).describe('Look also at what .gitignore leaves out, and node_modules'),
});

@Injectable()
export class SearchTextTool implements Tool<z.output<typeof input>> {
  readonly name = 'search_text';
  readonly description =
    'Searches the text files of the workspace. Answers with the number of matches in all and per file, the most first, and then the matching lines as ' +
    'number: text. Leaves out binary files and what .gitignore names.';
  readonly input = input;
  readonly readOnly = true;
  readonly idempotent = true;
  readonly answersFromWorkspace = true;
  readonly timeoutClass = 'search';

  constructor(private readonly threads: TraversalThreads) {}

  async execute(request: z.output<typeof input>, { workspace, limits, signal, onProgress }: ToolContext): Promise<string> {
    const { query, regex, caseSensitive, path, glob, contextLines, countOnly, includeIgnored } = request;
    const pattern = { query, isRegex: regex, isCaseSensitive: caseSensitive };
    toLinePattern(pattern); // its faults are known before any thread is taken
    const maxLines = countOnly ? 0 : Math.min(request.maxLines ?? Infinity, limits.searchMaxMatches);
    const start = workspace.resolve(path);
    assertReadable(start);
    const walk = { root: workspace.root, start, includeIgnored, maxFiles: limits.searchMaxFiles };
    const job = { kind: 'search', walk, pattern, glob, contextLines, maxLines, maxFileBytes: limits.fileMaxBytes } as const;
    const reports = await this.inShares(job, { signal, onProgress });
    return formatMatches(mergeReports(reports, maxLines), query, countOnly);
  }

  private inShares(job: SearchJob, options: JobOptions): Promise<SearchReport[]> {
    const of = this.threads.size;
    return Promise.all(Array.from({ length: of }, (_, index) => this.threads.run({ ...job, walk: { ...job.walk, share: { index, of } } }, options)));
  }
}
