import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { type Header, pack } from 'tar-stream';

export type TarEntry = Partial<Header> & { readonly content?: string | Buffer };

/** A tar archive; the packer takes any name and kind. */
export async function tarBytes(entries: readonly TarEntry[], isPacked = false): Promise<Buffer> {
  const tar = pack();
  for (const { content = '', ...header } of entries) tar.entry({ name: '', ...header }, Buffer.from(content));
  tar.finalize();
  const bytes = await buffer(tar);
  return isPacked ? gzipSync(bytes) : bytes;
}
