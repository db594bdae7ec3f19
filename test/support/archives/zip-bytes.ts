import { crc32, deflateRawSync } from 'node:zlib';

export interface ZipEntry {
  readonly name: string | Buffer;
  readonly content?: string | Buffer;
  /** Unix mode with kind, e.g. 0o120777 for a link. */
  readonly mode?: number;
  readonly isEncrypted?: boolean;
  readonly isDeflated?: boolean;
  /** What is declared, when it is not the truth. */
  readonly declaredBytes?: number;
}

/** A zip archive byte by byte: packers refuse to make what attackers send. */
export function zipBytes(entries: readonly ZipEntry[]): Buffer {
  const files: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const entry of entries) {
    const { local, central } = renderEntry(entry, offset);
    files.push(local);
    directory.push(central);
    offset += local.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 0, 'latin1');
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...files, central, end]);
}

function renderEntry({ name, content = '', mode = 0o100644, isEncrypted = false, isDeflated = false, declaredBytes }: ZipEntry, offset: number): { local: Buffer; central: Buffer } {
  const nameBytes = Buffer.from(name);
  const bytes = Buffer.from(content);
  const data = isDeflated ? deflateRawSync(bytes, { level: 9 }) : bytes;
  const common = Buffer.alloc(26);
  common.writeUInt16LE(20, 0);
  common.writeUInt16LE(0x800 | (isEncrypted ? 1 : 0), 2);
  common.writeUInt16LE(isDeflated ? 8 : 0, 4);
  common.writeUInt32LE(crc32(bytes), 10);
  common.writeUInt32LE(data.length, 14);
  common.writeUInt32LE(declaredBytes ?? bytes.length, 18);
  common.writeUInt16LE(nameBytes.length, 22);
  const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), common, nameBytes, data]);
  const tail = Buffer.alloc(14);
  tail.writeUInt32LE((mode << 16) >>> 0, 6);
  tail.writeUInt32LE(offset, 10);
  return { local, central: Buffer.concat([Buffer.from('PK\x01\x02', 'latin1'), Buffer.from([20, 3]), common, tail, nameBytes]) };
}
