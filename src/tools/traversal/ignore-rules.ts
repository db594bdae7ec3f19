import ignore, { type Ignore } from 'ignore';
import type { WorkspacePath } from '../workspace/workspace-path.js';

/** Folders that hold nothing a person wrote, left out even where no `.gitignore` says so. */
const ALWAYS_SKIPPED = new Set(['node_modules']);

/**
 * What git would ignore. The rules of all `.gitignore` files from the root down are kept as one list relative to the root, in which
 * the last match decides: exactly git's precedence, also where a deeper file takes back what a higher one ignores.
 */
export class IgnoreRules {
  private constructor(private readonly rules: Ignore) {}

  static none(): IgnoreRules {
    return new IgnoreRules(ignore({ ignorecase: false }));
  }

  /** These rules and those of a `.gitignore` in `folder`. */
  with(source: string, folder: WorkspacePath): IgnoreRules {
    const patterns = folder === '' ? source : source.split(/\r?\n/).map((line) => rebase(line, folder)).join('\n');
    return new IgnoreRules(ignore({ ignorecase: false }).add(this.rules).add(patterns));
  }

  ignores(path: WorkspacePath, name: string, isFolder: boolean): boolean {
    if (isFolder && ALWAYS_SKIPPED.has(name)) return true;
    return this.rules.ignores(isFolder ? `${path}/` : path);
  }
}

/** A line of `folder/.gitignore` as it would stand in the root's. */
function rebase(line: string, folder: WorkspacePath): string {
  const isNegative = line.startsWith('!');
  const pattern = isNegative ? line.slice(1) : line;
  if (line.startsWith('#') || pattern.trim() === '') return '';
  const isAnchored = /\/./.test(pattern.trimEnd()); // a slash anywhere but at the end
  const below = isAnchored ? pattern.replace(/^\//, '') : `**/${pattern}`;
  return `${isNegative ? '!' : ''}/${escapeGlob(folder)}/${below}`;
}

function escapeGlob(path: string): string {
  return path.replace(/[\\*?[\]!# ]/g, '\\$&');
}
