import type { WorkspacePath } from '../workspace/workspace-path.js';
import type { PatternRequest } from './line-pattern.js';
import type { ShownLine } from './search-text.js';
import type { WalkRequest } from './tree-walk.js';

/** Work for a thread of its own. Everything in it can be copied between threads. */
export type TraversalJob = SearchJob | FindJob | ListJob | FingerprintJob;

export interface SearchJob {
  readonly kind: 'search';
  readonly walk: WalkRequest;
  readonly pattern: PatternRequest;
  readonly glob?: string;
  readonly contextLines: number;
  readonly maxLines: number;
  readonly maxFileBytes: number;
}

export interface FileMatches {
  readonly path: WorkspacePath;
  readonly matches: number;
  readonly matchingLines: number;
  readonly shown: readonly ShownLine[];
}

export interface SearchReport {
  readonly files: FileMatches[];
  readonly searched: number;
  readonly binary: number;
  readonly tooLarge: number;
  /** Files and folders that could not be read. */
  readonly unreadable: number;
  readonly isCutShort: boolean;
}

export interface FindJob {
  readonly kind: 'find';
  readonly walk: WalkRequest;
  readonly glob: string;
  readonly maxPaths: number;
}

export interface FindReport {
  readonly paths: WorkspacePath[];
  /** Also those beyond `maxPaths`. */
  readonly found: number;
  readonly isCutShort: boolean;
}

export interface ListJob {
  readonly kind: 'list';
  readonly walk: WalkRequest;
  readonly maxEntries: number;
}

export interface ListedEntry {
  readonly path: WorkspacePath;
  readonly kind: 'file' | 'folder' | 'link' | 'special';
  /** Bytes of a file, null for anything else. */
  readonly size: number | null;
}

export interface ListReport {
  readonly entries: ListedEntry[];
  /** Also those beyond `maxEntries`. */
  readonly found: number;
  readonly isCutShort: boolean;
}

/** Whether anything in a tree has changed, told by comparing two of them. */
export interface FingerprintJob {
  readonly kind: 'fingerprint';
  readonly walk: WalkRequest;
}

export interface FingerprintReport {
  readonly digest: string;
}

export type ReportOf<Job extends TraversalJob> = Job extends SearchJob ? SearchReport : Job extends FindJob ? FindReport : Job extends ListJob ? ListReport : FingerprintReport;
