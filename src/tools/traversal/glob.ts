import picomatch from 'picomatch';
import type { WorkspacePath } from '../workspace/workspace-path.js';

export type PathFilter = (path: WorkspacePath) => boolean;

/** Whether a path fits a glob that is meant from `start` or from the root; one without a slash fits by name in every folder. */
export function toPathFilter(glob: string, start: WorkspacePath): PathFilter {
  const pattern = glob.replace(/^\.?\//, '');
  const fits = picomatch(pattern.includes('/') ? pattern : `**/${pattern}`, { dot: true });
  const prefixLength = start === '' ? 0 : start.length + 1;
  return (path) => fits(path.slice(prefixLength)) || (prefixLength > 0 && fits(path));
}
