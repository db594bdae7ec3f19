import type { WorkspacePath } from '../workspace/workspace-path.js';
import { quoteName } from './quote-name.js';
import type { ListedEntry, ListReport } from './traversal-job.js';

/** A listing for the model, with what it does not show said at its end. */
export function formatListing({ entries, found, isCutShort }: ListReport, start: WorkspacePath, format: 'tree' | 'flat', depth: number): string {
  if (found === 0) return `${start || 'The workspace'} is empty, or all in it is left out by .gitignore.`;
  const baseDepth = start === '' ? 0 : start.split('/').length;
  const lines = entries.map((entry) => {
    const segments = entry.path.split('/');
    const shown = format === 'flat' ? entry.path : (segments.at(-1) ?? '');
    const indent = format === 'flat' ? '' : '  '.repeat(Math.max(0, segments.length - baseDepth - 1));
    return `${indent}${quoteName(shown)}${describe(entry)}`;
  });
  if (found > entries.length) lines.push(`[${found - entries.length} more entries; list a smaller folder or use a smaller depth]`);
  if (isCutShort) lines.push('[there are more files than one listing looks at]');
  if (format === 'tree' && entries.some(({ path, kind }) => kind === 'folder' && path.split('/').length - baseDepth === depth)) {
    lines.push(`[folders at depth ${depth} were not entered]`);
  }
  return lines.join('\n');
}

function describe({ kind, size }: ListedEntry): string {
  switch (kind) {
    case 'file':
      return size === null ? '' : `  ${size}`;
    case 'folder':
      return '/';
    case 'link':
      return '  (symbolic link, not followed)';
    case 'special':
      return '  (not a regular file)';
  }
}
