import { createHash } from 'node:crypto';
import type { ChangedFile } from '../../failure-detection/index.js';
import type { ToolCallRequest } from '../../models/index.js';
import { ToolError, type ToolResult, type Workspace } from '../../tools/index.js';

const NOT_READABLE = 'not readable as text';

/** The path that a call names, as the file tools do. */
export function pathIn(input: unknown): string | undefined {
  const path = typeof input === 'object' && input !== null ? (input as { path?: unknown }).path : undefined;
  return typeof path === 'string' && path !== '' ? path : undefined;
}

/**
 * The files that the calls of a step have changed, as they are now; by index of the call. What commands change is not seen.
 * @param changes whether a tool may change something
 */
export async function changedFiles(
  workspace: Workspace,
  calls: readonly ToolCallRequest[],
  results: readonly ToolResult[],
  changes: (name: string) => boolean,
  maxBytes: number,
): Promise<readonly (readonly ChangedFile[])[]> {
  return Promise.all(
    calls.map(async ({ name, input }, index) => {
      const path = pathIn(input);
      if (path === undefined || !changes(name) || !results[index]?.ok) return [];
      return [{ path, contentHash: await hashOf(workspace, path, maxBytes) }];
    }),
  );
}

async function hashOf(workspace: Workspace, path: string, maxBytes: number): Promise<string> {
  try {
    return createHash('sha256').update(await workspace.readText(path, { maxBytes })).digest('base64url');
  } catch (error) {
    if (error instanceof ToolError) return NOT_READABLE; // deleted, too large, or no text
    throw error;
  }
}
