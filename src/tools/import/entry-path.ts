const CONTROL_CHARACTER = /[\u0000-\u001f\u007f]/;
const DRIVE = /^[a-z]:/i;
const MAX_PATH_BYTES = 4_000;
const MAX_NAME_BYTES = 255;

/** Why an entry of an archive is not taken. */
export class UnsafeEntryError extends Error {}

/**
 * The path of an entry below the new folder, without the `./` and the final `/` that archives have.
 * Nothing is mended: an archive that tries to lead elsewhere is refused whole.
 * @throws UnsafeEntryError
 */
export function parseEntryPath(name: string): string {
  if (name === '') throw new UnsafeEntryError('it has no name');
  if (CONTROL_CHARACTER.test(name)) throw new UnsafeEntryError('its name contains a control character');
  if (name.includes('\uFFFD')) throw new UnsafeEntryError('its name is not UTF-8');
  if (name.includes('\\')) throw new UnsafeEntryError('its name contains a backslash');
  if (name.startsWith('/') || DRIVE.test(name)) throw new UnsafeEntryError('its name is absolute');
  if (Buffer.byteLength(name) > MAX_PATH_BYTES) throw new UnsafeEntryError('its name is too long');
  const segments = name.replace(/^(\.\/)+/, '').replace(/\/$/, '').split('/');
  if (segments.length === 1 && (segments[0] === '' || segments[0] === '.')) return '';
  for (const segment of segments) {
    if (segment === '..') throw new UnsafeEntryError('its name leads out of the archive');
    if (segment === '' || segment === '.') throw new UnsafeEntryError('its name has an empty part');
    if (Buffer.byteLength(segment) > MAX_NAME_BYTES) throw new UnsafeEntryError('its name is too long');
  }
  return segments.join('/');
}

/** Two names that some file system takes for one. */
export function foldedPath(path: string): string {
  return path.normalize('NFC').toLowerCase();
}
