import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type ImportBounds, ImportTarget } from '../../../../src/tools/import/import-target.js';
import { unpackArchive } from '../../../../src/tools/import/unpack-archive.js';
import { type TarEntry, tarBytes } from '../../../support/archives/tar-bytes.js';
import { type ZipEntry, zipBytes } from '../../../support/archives/zip-bytes.js';

let base: string;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'lomu-archive-'));
});
afterEach(() => rm(base, { recursive: true, force: true }));

const ROOMY: ImportBounds = { maxFiles: 100, maxBytes: 1_000_000 };

/** @returns names of all files that were written */
async function unpack(bytes: Buffer, bounds: ImportBounds = ROOMY, signal = new AbortController().signal): Promise<string[]> {
  const archive = join(base, 'upload');
  const folder = join(base, 'inner', 'target');
  await writeFile(archive, bytes);
  await mkdir(folder, { recursive: true });
  await unpackArchive(archive, new ImportTarget(folder, bounds, null), signal);
  return (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1)).sort();
}

/** Refused, and nothing outside of the folder that the caller removes. */
async function expectRefused(bytes: Buffer, bounds?: ImportBounds): Promise<void> {
  await expect(unpack(bytes, bounds)).rejects.toMatchObject({ code: 'archive_refused' });
  expect((await readdir(base)).sort()).toEqual(['inner', 'upload']);
  expect(await readdir(join(base, 'inner'))).toEqual(['target']);
}

const ESCAPING_NAMES = [
  '../evil', '../../evil', 'a/../../evil', 'a/b/../../../evil', 'a/..', '..', './../evil', 'a/./b', 'a//b', '/etc/evil', '//evil', 'C:/evil', 'c:evil',
  '..\\evil', 'a\\..\\..\\evil', '\\\\server\\share', 'a\\b', 'nul\0byte', 'new\nline', 'bell\u0007', 'del\u007f', `${'n'.repeat(256)}`, `${'deep/'.repeat(900)}x`,
];

describe('names that lead elsewhere', () => {
  it.each(ESCAPING_NAMES)('zip: %j', (name) => expectRefused(zipBytes([{ name: 'fine.txt', content: 'x' }, { name, content: 'evil' }])));

  it.each(ESCAPING_NAMES.filter((name) => !name.includes('\0')))('tar: %j', async (name) => expectRefused(await tarBytes([{ name: 'fine.txt', content: 'x' }, { name, content: 'evil' }])));

  it('a name that is not UTF-8', () => expectRefused(zipBytes([{ name: Buffer.from([0x61, 0xff, 0xfe]), content: 'x' }])));
});

describe('links, devices and other kinds', () => {
  it.each<[string, ZipEntry]>([
    ['a link', { name: 'link', mode: 0o120777, content: '/etc/passwd' }],
    ['a link with the name of a folder', { name: 'link/', mode: 0o120777, content: '/etc' }],
    ['a character device', { name: 'null', mode: 0o020666 }],
    ['a block device', { name: 'disk', mode: 0o060666 }],
    ['a pipe', { name: 'pipe', mode: 0o010666 }],
    ['a socket', { name: 'socket', mode: 0o140666 }],
    ['encrypted', { name: 'secret', content: 'x', isEncrypted: true }],
  ])('zip: %s', (_, entry) => expectRefused(zipBytes([entry])));

  it.each<[string, TarEntry]>([
    ['a link', { name: 'link', type: 'symlink', linkname: '/etc' }],
    ['a link to a neighbour', { name: 'link', type: 'symlink', linkname: 'fine.txt' }],
    ['a hard link', { name: 'link', type: 'link', linkname: '/etc/passwd' }],
    ['a character device', { name: 'null', type: 'character-device', devmajor: 1, devminor: 3 }],
    ['a block device', { name: 'disk', type: 'block-device', devmajor: 8, devminor: 0 }],
    ['a pipe', { name: 'pipe', type: 'fifo' }],
  ])('tar: %s', async (_, entry) => {
    await expectRefused(await tarBytes([entry]));
    await expectRefused(await tarBytes([entry, { name: 'link/evil', content: 'through it' }], true));
  });
});

describe('names that are one name', () => {
  it.each([
    [['a.txt', 'a.txt']],
    [['a.txt', 'A.TXT']],
    [['src/a.txt', 'SRC/b.txt']],
    [['caf\u00e9', 'cafe\u0301']],
    [['a', 'a/b']],
    [['a/b', 'a']],
    [['.git/config', '.GIT/config']],
    [['./a.txt', 'a.txt']],
  ])('%j', async (names) => {
    await expectRefused(zipBytes(names.map((name) => ({ name, content: 'x' }))));
    await expectRefused(await tarBytes(names.map((name) => ({ name, content: 'x' }))));
  });

  it('a folder named twice, and after what is in it, is one folder', async () => {
    expect(await unpack(zipBytes([{ name: 'a/b.txt', content: 'x' }, { name: 'a/', mode: 0o040755 }, { name: 'a/' }]))).toEqual(['a/b.txt']);
  });
});

describe('bombs', () => {
  const zeros = Buffer.alloc(3_000_000);

  it('that unpack to more than is allowed, by size', async () => {
    const bounds = { maxFiles: 10, maxBytes: 2_000_000 };
    await expectRefused(zipBytes([{ name: 'zeros', content: zeros, isDeflated: true }]), bounds);
    await expectRefused(await tarBytes([{ name: 'zeros', content: zeros }], true), bounds);
    const half = zeros.subarray(0, 1_200_000);
    await expectRefused(zipBytes([{ name: '1', content: half, isDeflated: true }, { name: '2', content: half, isDeflated: true }]), bounds);
  });

  it.each([1, 5_000_000, 0xfffffffe])('that declare %d bytes', (declaredBytes) => expectRefused(zipBytes([{ name: 'zeros', content: zeros, isDeflated: true, declaredBytes }]), { maxFiles: 10, maxBytes: 2_000_000 }));

  it('of many entries, folders in names included', async () => {
    const names = Array.from({ length: 11 }, (_, index) => `f${index}`);
    await expectRefused(zipBytes(names.map((name) => ({ name }))), { maxFiles: 10, maxBytes: 1_000 });
    await expectRefused(await tarBytes(names.map((name) => ({ name }))), { maxFiles: 10, maxBytes: 1_000 });
    await expectRefused(zipBytes([{ name: 'a/b/c/d/e/f/g/h/i/j/k' }]), { maxFiles: 10, maxBytes: 1_000 });
  });

  it('of headers alone, which the reader would keep in memory', async () => {
    await expectRefused(gzipSync(Buffer.concat([paxHeader(50_000_000), Buffer.alloc(50_000_000, 0x61)])));
  });

  it('padded with zeros without end', async () => {
    const tar = await tarBytes([{ name: 'a', content: 'x' }]);
    await expectRefused(gzipSync(Buffer.concat([tar.subarray(0, 1_024), Buffer.alloc(20_000_000)])));
  });
});

describe('what is no archive', () => {
  it.each<[string, () => Buffer | Promise<Buffer>]>([
    ['nothing', () => Buffer.alloc(0)],
    ['a text', () => Buffer.from('hello')],
    ['a zip cut short', () => zipBytes([{ name: 'a', content: 'x'.repeat(1_000) }]).subarray(0, 300)],
    ['a zip with a wrong checksum', () => flip(zipBytes([{ name: 'a', content: 'hello' }]), 31 + 2)],
    ['a gzip of a text', () => gzipSync('hello')],
    ['a gzip cut short', async () => (await tarBytes([{ name: 'a', content: Buffer.alloc(100_000, 'ab') }], true)).subarray(0, 150)],
    ['a tar with a wrong header checksum', async () => flip(await tarBytes([{ name: 'a', content: 'x' }]), 0)],
    ['a tar cut short', async () => (await tarBytes([{ name: 'a', content: 'x'.repeat(2_000) }])).subarray(0, 1_000)],
  ])('%s', async (_, make) => expectRefused(await make()));
});

describe('an archive that is fine', () => {
  const files = [{ name: './README.md', content: 'hi' }, { name: 'src/', mode: 0o040755 }, { name: 'src/run.sh', content: '#!', mode: 0o104777 }, { name: 'ünïcode/日本.txt', content: 'x' }, { name: '..a/b..', content: 'x' }, { name: 'a.git', content: '' }];
  const expected = ['..a/b..', 'README.md', 'a.git', 'src/run.sh', 'ünïcode/日本.txt'];

  it('is unpacked from zip, tar and tar.gz, with no more rights than rwxr-xr-x', async () => {
    const tarFiles = files.map(({ mode = 0o644, ...rest }) => ({ ...rest, mode: mode & 0o7777, type: rest.name.endsWith('/') ? ('directory' as const) : ('file' as const) }));
    for (const bytes of [zipBytes(files), await tarBytes(tarFiles), await tarBytes(tarFiles, true)]) {
      expect(await unpack(bytes)).toEqual(expected);
      expect((await stat(join(base, 'inner/target/src/run.sh'))).mode & 0o7777).toBe(0o755);
      expect((await stat(join(base, 'inner/target/README.md'))).mode & 0o7777).toBe(0o644);
      expect(await readFile(join(base, 'inner/target/README.md'), 'utf8')).toBe('hi');
      await rm(join(base, 'inner'), { recursive: true });
    }
  });

  it('is taken at the bounds', async () => {
    expect(await unpack(zipBytes([{ name: 'a/b', content: 'x'.repeat(100) }]), { maxFiles: 2, maxBytes: 100 })).toEqual(['a/b']);
    await rm(join(base, 'inner'), { recursive: true });
    expect(await unpack(await tarBytes([{ name: 'a/b', content: 'x'.repeat(100) }]), { maxFiles: 2, maxBytes: 100 })).toEqual(['a/b']);
  });

  it('stops when it is told to', async () => {
    const stop = AbortSignal.abort(new Error('enough'));
    for (const bytes of [zipBytes(files), await tarBytes([{ name: 'a', content: 'x' }])]) await expect(unpack(bytes, ROOMY, stop)).rejects.toThrow('enough');
  });
});

function flip(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 0x55;
  return copy;
}

/** Of an extended header that claims to be this long. */
function paxHeader(size: number): Buffer {
  const header = Buffer.alloc(512);
  header.write('pax', 0);
  header.write('0000644\0', 100);
  header.write('0000000\0', 108);
  header.write('0000000\0', 116);
  header.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
  header.write('00000000000\0', 136);
  header.write('        ', 148);
  header.write('x', 156);
  header.write('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}
