import { ToolError } from '../tool-error.js';
import { splitPath, type WorkspacePath } from './workspace-path.js';

const SHAREABLE_ENV_FILE = /^\.env\.(example|sample|template|dist|defaults?)$/i;

/** Files like `.env` hold secrets; their templates do not. */
export function isSecretName(name: string): boolean {
  return /^\.env(\.|$)/i.test(name) && !SHAREABLE_ENV_FILE.test(name);
}

export function assertReadable(path: WorkspacePath): void {
  if (isSecretName(splitPath(path).name)) throw new ToolError('denied', `${path} may hold secrets and is closed to tools.`);
}

/** Hooks and configuration under `.git` are run by git itself: who writes there executes. */
export function assertWritable(path: WorkspacePath): void {
  assertReadable(path);
  if (path === '') throw new ToolError('invalid_input', 'The path names the workspace itself, not a file.');
  if (path.split('/').some((segment) => segment.toLowerCase() === '.git')) throw new ToolError('denied', `${path} belongs to git and is read-only.`);
}
