import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { acquireDataFolderLock, type DataFolderLock } from '../../../src/database/data-folder-lock.js';
import { DataFolderInUseError, DatabaseUnusableError, findControlEndpoint, openPGlite } from '../../../src/database/index.js';
import { processStartedAt } from '../../../src/database/process-identity.js';
import { type DataDir, makeDataDir } from '../../support/database/data-dir.js';

const control = { url: 'http://127.0.0.1:3000', token: 'control_x' };

describe('the lock of a data folder', () => {
  let dataDir: DataDir;
  let path: string;
  const children: ChildProcess[] = [];

  beforeEach(async () => {
    dataDir = await makeDataDir();
    path = join(dataDir.path, 'lock.json');
  });

  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    await dataDir.remove();
  });

  const acquire = (): Promise<DataFolderLock> => acquireDataFolderLock(dataDir.path);

  /** A live process, and the lock it would have written. */
  async function holder(): Promise<{ child: ChildProcess; lock: Record<string, unknown> }> {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
    children.push(child);
    await once(child, 'spawn');
    const pid = child.pid ?? 0;
    return { child, lock: { host: hostname(), pid, startedAt: processStartedAt(pid), nonce: 'n', control } };
  }

  async function leave(lock: Record<string, unknown> | string, agoMs = 0): Promise<void> {
    await writeFile(path, typeof lock === 'string' ? lock : JSON.stringify(lock));
    const at = new Date(Date.now() - agoMs);
    await utimes(path, at, at);
  }

  it('keeps others out until it is released, and leaves nothing behind', async () => {
    const lock = await acquire();
    await expect(acquire()).rejects.toThrow(DataFolderInUseError);
    await expect(acquire()).rejects.toThrow(`is in use by process ${process.pid}. Stop that server`);
    await lock.release();
    await (await acquire()).release();
    expect(await readdir(dataDir.path)).toEqual([]);
  });

  it('lets one in when many come at once', async () => {
    const outcomes = await Promise.allSettled(Array.from({ length: 10 }, acquire));
    const [winner, ...others] = outcomes.filter((outcome) => outcome.status === 'fulfilled');
    expect(others).toEqual([]);
    await winner?.value.release();
  });

  it('lets one in when many find the same stale lock', async () => {
    for (let round = 0; round < 20; round++) {
      await leave({ host: hostname(), pid: 999_999_999, startedAt: 'x', nonce: `stale ${round}` });
      const outcomes = await Promise.allSettled(Array.from({ length: 5 }, acquire));
      const winners = outcomes.filter((outcome) => outcome.status === 'fulfilled');
      expect(winners).toHaveLength(1);
      await winners[0]?.value.release();
    }
  });

  it('is free again after its holder was killed', async () => {
    const { child, lock } = await holder();
    await leave(lock);
    await expect(acquire()).rejects.toThrow(`process ${child.pid} (http://127.0.0.1:3000)`);
    child.kill('SIGKILL');
    await once(child, 'exit');
    await (await acquire()).release();
  });

  it('is free when another process got the id of its dead holder', async () => {
    const { lock } = await holder();
    await leave({ ...lock, startedAt: 'another boot:1' });
    expect(await findControlEndpoint(dataDir.path)).toBeUndefined();
    await (await acquire()).release();
  });

  it('believes a holder that it cannot look at, e.g. in another container, as long as it keeps touching the lock', async () => {
    const lock = { host: 'elsewhere', pid: 1, startedAt: 'x', nonce: 'n' };
    await leave(lock, 20_000);
    await expect(acquire()).rejects.toThrow(/process 1 on elsewhere\. It was last seen 20 s ago/);
    await leave(lock, 40_000);
    await (await acquire()).release();
  });

  it('takes a lock that is still being written for held, and one that never was finished for free', async () => {
    await leave('');
    await expect(acquire()).rejects.toThrow('a process that is just starting');
    await leave('{"pid":', 40_000);
    await (await acquire()).release();
  });

  it('tells local tools of this user, and nobody else, how to reach its holder', async () => {
    expect(await findControlEndpoint(dataDir.path)).toBeUndefined();
    const lock = await acquire();
    expect(await findControlEndpoint(dataDir.path)).toBeUndefined();
    await lock.publish(control);
    expect(await findControlEndpoint(dataDir.path)).toEqual(control);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    await expect(acquire()).rejects.toThrow(DataFolderInUseError);
    await lock.release();
    expect(await findControlEndpoint(dataDir.path)).toBeUndefined();
    expect(await readdir(dataDir.path)).toEqual([]);
  });

  it("does not take away another's lock when it is released late", async () => {
    const lock = await acquire();
    const other = JSON.stringify({ host: hostname(), pid: process.pid, startedAt: processStartedAt(process.pid), nonce: 'other' });
    await writeFile(path, other);
    await lock.release();
    expect(await readFile(path, 'utf8')).toBe(other);
  });

  it('says what to do about a folder that cannot be made or written', async () => {
    const file = join(dataDir.path, 'file');
    await writeFile(file, '');
    await expect(openPGlite(join(file, 'below'))).rejects.toThrow(/cannot be made: .*Set DATA_DIR to a folder this user may write/);
    await expect(acquireDataFolderLock(file)).rejects.toThrow(DatabaseUnusableError);
    await expect(acquireDataFolderLock('/proc/self')).rejects.toThrow(/not writable: .*Set DATA_DIR/);
  });

  it('gives the folder back when the database in it cannot be opened', async () => {
    await writeFile(join(dataDir.path, 'database'), 'not a folder');
    await expect(openPGlite(dataDir.path)).rejects.toThrow(/cannot be opened: .*Restore the folder from a backup/);
    expect(await readdir(dataDir.path)).toEqual(['database']);
  });
});
