import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';

export interface DataDir {
  readonly path: string;
  remove(): Promise<void>;
}

/** An empty folder of the test's own. */
export async function makeDataDir(): Promise<DataDir> {
  const path = await mkdtemp(join(tmpdir(), 'lomu-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** A data folder with an empty, migrated database, as a server leaves it behind; sooner made than by a server. */
export async function makeMigratedDataDir(): Promise<DataDir> {
  const template = process.env.LOMU_TEST_TEMPLATE;
  if (!template) throw new Error('The database template is missing: run tests through jest.');
  const dataDir = await makeDataDir();
  const dump = new Blob([await readFile(template)], { type: 'application/x-tar' });
  await (await PGlite.create({ dataDir: join(dataDir.path, 'database'), loadDataDir: dump })).close();
  return dataDir;
}
