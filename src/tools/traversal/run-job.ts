import { lstatSync } from 'node:fs';
import { toPathFilter } from './glob.js';
import { runFingerprint } from './run-fingerprint.js';
import { runSearch } from './run-search.js';
import type { FindJob, FindReport, ListJob, ListReport, ReportOf, TraversalJob } from './traversal-job.js';
import { TreeWalk, type WalkedEntry } from './tree-walk.js';

/** Does a job, blocking the thread it is called on until the end. */
export function runJob<Job extends TraversalJob>(job: Job, onProgress: (text: string) => void): ReportOf<Job>;
export function runJob(job: TraversalJob, onProgress: (text: string) => void): ReportOf<TraversalJob> {
  switch (job.kind) {
    case 'search':
      return runSearch(job, onProgress);
    case 'find':
      return runFind(job);
    case 'list':
      return runList(job);
    case 'fingerprint':
      return runFingerprint(job);
  }
}

function runFind({ walk: request, glob, maxPaths }: FindJob): FindReport {
  const walk = new TreeWalk(request);
  const fits = toPathFilter(glob, request.start);
  const paths: string[] = [];
  let found = 0;
  for (const { path, kind } of walk) {
    if (kind !== 'file' || !fits(path)) continue;
    if (found++ < maxPaths) paths.push(path);
  }
  return { paths, found, isCutShort: walk.isCutShort };
}

function runList({ walk: request, maxEntries }: ListJob): ListReport {
  const walk = new TreeWalk(request);
  const entries = [];
  let found = 0;
  for (const entry of walk) {
    if (found++ < maxEntries) entries.push({ path: entry.path, kind: entry.kind, size: entry.kind === 'file' ? sizeOf(entry) : null });
  }
  return { entries, found, isCutShort: walk.isCutShort };
}

function sizeOf({ folder, name }: WalkedEntry): number | null {
  return lstatSync(folder.entry(name), { throwIfNoEntry: false })?.size ?? null;
}
