import { isSecretName } from '../workspace/protected-path.js';
import type { SyncFile } from '../workspace/sync-directory.js';
import { toPathFilter } from './glob.js';
import { toLinePattern } from './line-pattern.js';
import { searchText, type TextMatches } from './search-text.js';
import type { FileMatches, SearchJob, SearchReport } from './traversal-job.js';
import { TreeWalk, type WalkedEntry } from './tree-walk.js';

const PROGRESS_EVERY_FILES = 1_000;
const INITIAL_BUFFER_BYTES = 256 * 1024;

/** Searches the files of a tree, or this thread's share of them. */
export function runSearch(job: SearchJob, onProgress: (text: string) => void): SearchReport {
  const walk = new TreeWalk(job.walk);
  const search = new Search(job, onProgress);
  const fits = job.glob === undefined ? undefined : toPathFilter(job.glob, job.walk.start);
  for (const entry of walk) {
    if (entry.kind !== 'file' || isSecretName(entry.name)) continue;
    if (!fits || fits(entry.path)) search.file(entry);
  }
  const { files, searched, binary, tooLarge } = search;
  // Every thread meets the same folders; one of them counts those it cannot enter.
  const unreadable = search.unreadable + ((job.walk.share?.index ?? 0) === 0 ? walk.unreadable : 0);
  return { files, searched, binary, tooLarge, unreadable, isCutShort: walk.isCutShort };
}

class Search {
  readonly files: FileMatches[] = [];
  searched = 0;
  binary = 0;
  tooLarge = 0;
  unreadable = 0;
  private matches = 0;
  private first = '';
  private linesLeft: number;
  private readonly pattern: RegExp;
  /** Bytes that each match contains, when that is known: files without them need no decoding. */
  private readonly needle: Buffer | null;
  private buffer: Buffer;

  constructor(
    private readonly job: SearchJob,
    private readonly onProgress: (text: string) => void,
  ) {
    const { query, isRegex, isCaseSensitive } = job.pattern;
    this.pattern = toLinePattern(job.pattern);
    this.needle = isRegex || !isCaseSensitive ? null : Buffer.from(query);
    this.linesLeft = job.maxLines;
    this.buffer = Buffer.allocUnsafe(Math.min(INITIAL_BUFFER_BYTES, job.maxFileBytes + 1));
  }

  file(entry: WalkedEntry): void {
    try {
      const file = entry.folder.openFile(entry.name);
      try {
        this.opened(entry, file);
      } finally {
        file.close();
      }
    } catch (error) {
      if (typeof (error as NodeJS.ErrnoException).code !== 'string') throw error;
      this.unreadable++; // gone, closed to us, or made a link meanwhile
    }
  }

  private opened(entry: WalkedEntry, file: SyncFile): void {
    const bytes = this.read(file);
    if (!bytes) {
      this.tooLarge++;
      return;
    }
    this.searched++;
    if (this.searched % PROGRESS_EVERY_FILES === 0) this.onProgress(`${this.searched} files searched, ${this.matches} matches so far${this.first}`);
    if (this.needle && !bytes.includes(this.needle)) return;
    if (bytes.includes(0)) {
      this.binary++;
      return;
    }
    const found = searchText(bytes.toString('utf8'), this.pattern, this.job.contextLines, this.linesLeft);
    if (!found) return;
    // Asked only now, which spares most files the question: a file with further names may also be one outside (see readEntry).
    const stats = file.stats();
    if (stats.isFile() && stats.nlink === 1) this.add(entry, found);
    else this.unreadable++;
  }

  private add({ path }: WalkedEntry, found: TextMatches): void {
    const first = found.shown.find(({ isMatch }) => isMatch);
    if (this.matches === 0 && first) {
      const place = `${path}:${first.number}: ${first.text.trim()}`;
      this.first = `; first match: ${place}`; // told again with the next count, in case this comes too soon after another
      this.onProgress(`first match: ${place}`);
    }
    this.matches += found.matches;
    this.linesLeft -= Math.min(this.linesLeft, found.matchingLines);
    this.files.push({ path, ...found });
  }

  /** The whole file, or null when it is larger than tools handle. The next read reuses the memory. */
  private read(file: SyncFile): Buffer | null {
    let length = file.read(this.buffer);
    while (length === this.buffer.length) {
      const stats = file.stats();
      const size = stats.isFile() ? stats.size : Infinity; // a device, swapped in, would never end
      if (size < length || size > this.job.maxFileBytes) return null;
      const larger = Buffer.allocUnsafe(size + 1); // one more, so that a file that fits does not fill it
      this.buffer.copy(larger);
      this.buffer = larger;
      length = file.read(larger, length);
    }
    return this.buffer.subarray(0, length);
  }
}
