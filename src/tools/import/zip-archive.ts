import type { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import { type Entry, openPromise } from 'yauzl';
import { UnsafeEntryError } from './entry-path.js';
import type { ImportTarget } from './import-target.js';

const KIND = 0o170000;
const REGULAR = 0o100000;
const FOLDER = 0o040000;
const MADE_ON_UNIX = 3;

/** Unpacks a zip archive. @throws UnsafeEntryError, TooMuchError, or an error of the reader when it is none */
export async function unpackZip(file: string, target: ImportTarget, signal: AbortSignal): Promise<void> {
  const zip = await openPromise(file, { lazyEntries: true, autoClose: false, strictFileNames: true, validateEntrySizes: true });
  try {
    for await (const entry of zip.eachEntry()) {
      signal.throwIfAborted();
      if (isFolder(entry)) {
        await target.addFolder(entry.fileName);
        continue;
      }
      const content: Readable = await zip.openReadStreamPromise(entry);
      content.on('error', () => undefined); // one that comes before anybody reads would end the process; whoever reads gets it all the same
      try {
        await target.addFile(entry.fileName, modeOf(entry), checked(content, entry.crc32));
      } finally {
        content.destroy();
      }
    }
  } finally {
    zip.close();
  }
}

/** The content, followed by a look at its checksum, which the reader leaves to us. */
async function* checked(content: Readable, expected: number): AsyncIterable<Buffer> {
  let sum = 0;
  for await (const piece of content as AsyncIterable<Buffer>) {
    sum = crc32(piece, sum);
    yield piece;
  }
  if (sum !== expected) throw new UnsafeEntryError('its content is damaged');
}

/** @throws UnsafeEntryError for links, devices and what needs a password */
function isFolder(entry: Entry): boolean {
  if (entry.isEncrypted()) throw new UnsafeEntryError('it is encrypted');
  const kind = modeOf(entry) & KIND;
  if (kind !== 0 && kind !== REGULAR && kind !== FOLDER) throw new UnsafeEntryError('it is a link or a device');
  return kind === FOLDER || entry.fileName.endsWith('/');
}

/** The upper half of the attributes, where archives made on Unix keep it; others are plain files. Links made by any are looked for. */
function modeOf(entry: Entry): number {
  const mode = entry.externalFileAttributes >>> 16;
  return entry.versionMadeBy >>> 8 === MADE_ON_UNIX || (mode & KIND) === 0o120000 ? mode : 0;
}
