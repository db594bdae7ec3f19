import { execFile } from 'node:child_process';
import { mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** A new DATA_DIR with a migrated, empty database, which a server opens in half the time that it takes to make one. */
export async function prepareDataFolder(prefix: string): Promise<string> {
  const template = process.env.LOMU_TEST_TEMPLATE;
  if (!template) throw new Error('The database template is missing: run tests through jest.');
  const dataDir = await mkdtemp(join(tmpdir(), prefix));
  const folder = join(dataDir, 'database');
  await mkdir(folder, { mode: 0o700 });
  await promisify(execFile)('tar', ['-xf', template, '-C', folder]);
  return dataDir;
}
