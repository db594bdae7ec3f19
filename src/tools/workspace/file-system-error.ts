import { ToolError, type ToolErrorCode } from '../tool-error.js';

const MEANINGS: Readonly<Record<string, readonly [ToolErrorCode, string]>> = {
  ENOENT: ['not_found', 'does not exist'],
  ENOTDIR: ['not_found', 'does not exist: a part of the path is not a folder'],
  EISDIR: ['denied', 'is a folder'],
  ELOOP: ['outside_workspace', 'is a symbolic link, and links are not followed'],
  ENXIO: ['denied', 'is not a regular file'],
  EACCES: ['denied', 'may not be accessed by the server'],
  EPERM: ['denied', 'may not be accessed by the server'],
  EROFS: ['denied', 'is on a read-only file system'],
  ENOTEMPTY: ['denied', 'is a folder that is not empty'],
  ENAMETOOLONG: ['invalid_input', 'has a name that is too long'],
  ENOSPC: ['no_space', 'cannot be written: the disk is full'],
  EDQUOT: ['no_space', 'cannot be written: the disk quota is used up'],
};

/** An error of the file system in words for the model, without the server's own paths; others pass unchanged. */
export function explainFileSystemError(error: unknown, path: string): unknown {
  if (error instanceof ToolError) return error;
  const meaning = MEANINGS[(error as NodeJS.ErrnoException | undefined)?.code ?? ''];
  return meaning ? new ToolError(meaning[0], `${path || 'The workspace'} ${meaning[1]}.`, { cause: error }) : error;
}
