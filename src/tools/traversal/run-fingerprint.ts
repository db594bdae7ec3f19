import { createHash } from 'node:crypto';
import { lstatSync } from 'node:fs';
import type { FingerprintJob, FingerprintReport } from './traversal-job.js';
import { TreeWalk, type WalkedEntry } from './tree-walk.js';

/** Sums up which files there are, their sizes and when each was last changed, which nothing that runs in a sandbox can forge. */
export function runFingerprint({ walk: request }: FingerprintJob): FingerprintReport {
  const hash = createHash('sha256');
  for (const entry of new TreeWalk(request)) hash.update(`${entry.path}\0${entry.kind}\0${entry.kind === 'file' ? stateOf(entry) : ''}\0`);
  return { digest: hash.digest('base64url') };
}

function stateOf({ folder, name }: WalkedEntry): string {
  const stats = lstatSync(folder.entry(name), { bigint: true, throwIfNoEntry: false });
  return stats ? `${stats.size} ${stats.ctimeNs}` : '';
}
