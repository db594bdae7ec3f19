import { createReadStream } from 'node:fs';
import { type Readable, Transform, type TransformCallback } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { type Extract, extract, type Header } from 'tar-stream';
import { UnsafeEntryError } from './entry-path.js';
import { type ImportTarget, TooMuchError } from './import-target.js';

/** Bytes of headers and padding that an entry may take, and the archive as a whole beside them. */
const FRAME_PER_ENTRY = 16 * 1024;
const FRAME = 1024 * 1024;

/** Unpacks a tar archive, packed with gzip or not. @throws UnsafeEntryError, TooMuchError, or an error of the reader when it is none */
export async function unpackTar(file: string, isPacked: boolean, target: ImportTarget, signal: AbortSignal): Promise<void> {
  const tar = extract();
  const frame = limitFrame(target);
  const reading = isPacked ? pipeline(createReadStream(file), createGunzip(), frame, tar, { signal }) : pipeline(createReadStream(file), frame, tar, { signal });
  const unpacking = unpackEntries(tar, target).catch((error: unknown) => {
    tar.destroy(error as Error);
    throw error;
  });
  const [, unpacked] = await Promise.allSettled([reading, unpacking]);
  if (unpacked.status === 'rejected') throw unpacked.reason;
  await reading;
}

async function unpackEntries(tar: Extract, target: ImportTarget): Promise<void> {
  for await (const entry of tar) await unpackEntry(entry as unknown as Readable & { header: Header }, target); // the stream has a type of its own
}

async function unpackEntry(entry: Readable & { header: Header }, target: ImportTarget): Promise<void> {
  const { name, type, mode } = entry.header;
  if (type === 'directory') {
    await target.addFolder(name);
    entry.resume();
    return;
  }
  if (type !== 'file' && type !== 'contiguous-file') throw new UnsafeEntryError('it is a link or a device');
  await target.addFile(name, mode, entry);
}

/** The reader keeps extended headers in memory whatever their size: what is neither content nor a fair share of headers is not let in. */
function limitFrame(target: ImportTarget): Transform {
  let bytes = 0;
  return new Transform({
    transform(piece: Buffer, _: BufferEncoding, done: TransformCallback): void {
      bytes += piece.length;
      const isTooMuch = bytes - target.receivedBytes > FRAME + target.entries * FRAME_PER_ENTRY;
      done(isTooMuch ? new TooMuchError('it is mostly headers') : null, piece);
    },
  });
}
