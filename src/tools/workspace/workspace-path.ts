import { isAbsolute, relative, sep } from 'node:path';
import { ToolError } from '../tool-error.js';

const MAX_PATH_BYTES = 4_000;
const CONTROL_CHARACTER = /[\u0000-\u001f\u007f]/;

/** A path inside a workspace: `/` between segments, none of them empty, `.` or `..`. The root itself is the empty string. */
export type WorkspacePath = string;

/**
 * The lexical half of I5: whatever the model wrote, as a path below `root`. The file system is not asked;
 * links are the business of whoever opens the path.
 */
export function parseWorkspacePath(root: string, given: string): WorkspacePath {
  if (CONTROL_CHARACTER.test(given)) throw new ToolError('invalid_input', 'The path contains a control character, which no path of a workspace may.');
  if (Buffer.byteLength(given) > MAX_PATH_BYTES) throw new ToolError('invalid_input', `The path is longer than ${MAX_PATH_BYTES} bytes.`);
  const segments: string[] = [];
  for (const segment of belowRoot(root, given).split(sep === '\\' ? /[\\/]/ : '/')) {
    if (segment === '' || segment === '.') continue;
    if (segment !== '..') segments.push(segment);
    else if (segments.pop() === undefined) throw outside(given);
  }
  return segments.join('/');
}

function belowRoot(root: string, given: string): string {
  if (!isAbsolute(given)) return given;
  const below = relative(root, given);
  if (below === '..' || below.startsWith(`..${sep}`) || isAbsolute(below)) throw outside(given);
  return below;
}

function outside(given: string): ToolError {
  return new ToolError('outside_workspace', `${given} is outside the workspace. Give a path relative to its root, such as src/main.ts.`);
}

/** The folder of a path and its last segment. */
export function splitPath(path: WorkspacePath): { readonly folder: WorkspacePath; readonly name: string } {
  const slash = path.lastIndexOf('/');
  return { folder: slash < 0 ? '' : path.slice(0, slash), name: path.slice(slash + 1) };
}
