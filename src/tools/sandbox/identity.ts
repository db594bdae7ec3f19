import { stat } from 'node:fs/promises';
import { getgid, getuid } from 'node:process';

/** A user of the machine by number. */
export interface Identity {
  readonly uid: number;
  readonly gid: number;
}

/** Whether the server may become another user. */
export function isRoot(): boolean {
  return getuid?.() === 0;
}

/**
 * Whom commands in a workspace run as: whoever it belongs to, so that they can work on it and on nothing else of root's.
 * In one that belongs to root itself they run as `fallback` and can only read.
 */
export async function identityFor(workspace: string, fallback: Identity): Promise<Identity> {
  if (!isRoot()) return { uid: getuid?.() ?? fallback.uid, gid: getgid?.() ?? fallback.gid };
  const { uid, gid } = await stat(workspace);
  return uid === 0 ? fallback : { uid, gid: gid === 0 ? fallback.gid : gid };
}
