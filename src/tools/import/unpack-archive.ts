import { open } from 'node:fs/promises';
import { AppError } from '../../common/index.js';
import { UnsafeEntryError } from './entry-path.js';
import { type ImportTarget, TooMuchError } from './import-target.js';
import { unpackTar } from './tar-archive.js';
import { unpackZip } from './zip-archive.js';

type ArchiveKind = 'zip' | 'tar' | 'tar.gz';

const TAR_MAGIC_OFFSET = 257;
const HEAD = 512;

/**
 * Unpacks an archive, told apart by its content and not by its name.
 * @throws AppError `archive_refused` saying why; what was unpacked until then is for the caller to remove
 */
export async function unpackArchive(file: string, target: ImportTarget, signal: AbortSignal): Promise<void> {
  try {
    const kind = await kindOf(file);
    if (!kind) throw new UnsafeEntryError('it is no zip, tar or tar.gz');
    if (kind === 'zip') await unpackZip(file, target, signal);
    else await unpackTar(file, kind === 'tar.gz', target, signal);
  } catch (error) {
    signal.throwIfAborted();
    throw new AppError('archive_refused', `The archive was not taken: ${reasonOf(error)}. Nothing was created.`, { cause: error });
  }
}

async function kindOf(file: string): Promise<ArchiveKind | undefined> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD), 0, HEAD, 0);
    if (buffer.toString('latin1', 0, 4) === 'PK\x03\x04' || buffer.toString('latin1', 0, 4) === 'PK\x05\x06') return 'zip';
    if (buffer[0] === 0x1f && buffer[1] === 0x8b) return 'tar.gz';
    return bytesRead === HEAD && buffer.toString('latin1', TAR_MAGIC_OFFSET, TAR_MAGIC_OFFSET + 5) === 'ustar' ? 'tar' : undefined;
  } finally {
    await handle.close();
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof UnsafeEntryError) return `an entry cannot be accepted, ${error.message}`;
  if (error instanceof TooMuchError) return error.message;
  return `it cannot be read (${(error as Error).message})`;
}
