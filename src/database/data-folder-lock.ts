import { randomBytes } from 'node:crypto';
import { readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DataFolderInUseError, DatabaseUnusableError } from './database-unusable.error.js';
import { isRunning, processStartedAt } from './process-identity.js';

/**
 * Marks a data folder as held by this process. The file also tells local tools (same user only, mode
 * 0600) how to reach the server that holds it.
 */
export interface DataFolderLock {
  /** Adds the address and credential by which a local tool may act through this server. */
  publish(control: ControlEndpoint): Promise<void>;
  release(): Promise<void>;
}

export interface ControlEndpoint {
  readonly url: string;
  readonly token: string;
}

interface LockContent {
  readonly host: string;
  readonly pid: number;
  /** Distinguishes a live holder from another process that got its pid after a crash; null where the system does not tell. */
  readonly startedAt: string | null;
  readonly nonce: string;
  readonly control?: ControlEndpoint;
}

const LOCK_FILE = 'lock.json';
const ATTEMPTS = 20;
const CONTENTION_DELAY_MS = 20;
/** The holder touches its lock this often, for those who cannot look at its process, e.g. from another container. */
const TOUCH_INTERVAL_MS = 5_000;
const STALE_AFTER_MS = 30_000;

/** @throws DataFolderInUseError while another process holds the folder */
export async function acquireDataFolderLock(dataDir: string): Promise<DataFolderLock> {
  const path = join(dataDir, LOCK_FILE);
  const content: LockContent = { host: hostname(), pid: process.pid, startedAt: processStartedAt(process.pid), nonce: randomBytes(8).toString('hex') };
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (await createFile(path, JSON.stringify(content)).catch((error: Error) => notWritable(dataDir, error))) return hold(path, content);
    const found = await readLock(path);
    if (found === undefined) continue; // released at this moment
    if (isHeld(found)) throw inUse(dataDir, found);
    await removeStale(path, found);
  }
  throw new DataFolderInUseError(`The data folder ${dataDir} was taken by another process at the same moment. Start again.`);
}

/** The running holder's control endpoint, or undefined when nobody holds the folder or it takes no commands yet. */
export async function findControlEndpoint(dataDir: string): Promise<ControlEndpoint | undefined> {
  const found = await readLock(join(dataDir, LOCK_FILE));
  return found && isHeld(found) ? found.content?.control : undefined;
}

function hold(path: string, content: LockContent): DataFolderLock {
  const touching = setInterval(() => {
    // A missed touch only matters if all of them fail, and then the folder itself is gone.
    utimes(path, new Date(), new Date()).catch(() => undefined);
  }, TOUCH_INTERVAL_MS);
  touching.unref();
  return {
    publish: async (control) => {
      const whole = `${path}.${content.nonce}`;
      await writeFile(whole, JSON.stringify({ ...content, control }), { mode: 0o600 });
      await rename(whole, path); // at no moment is there a lock that cannot be read
    },
    release: async () => {
      clearInterval(touching);
      if ((await readLock(path))?.content?.nonce === content.nonce) await rm(path, { force: true });
    },
  };
}

interface FoundLock {
  /** Undefined while its holder is still writing it, or for good when that one died meanwhile. */
  readonly content: LockContent | undefined;
  readonly touchedAtMs: number;
}

async function readLock(path: string): Promise<FoundLock | undefined> {
  try {
    const { mtimeMs } = await stat(path);
    return { content: parse(await readFile(path, 'utf8')), touchedAtMs: mtimeMs };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new DatabaseUnusableError(`The lock ${path} cannot be read: ${(error as Error).message}. Run as the user who owns the folder.`, { cause: error });
  }
}

function parse(text: string): LockContent | undefined {
  try {
    return JSON.parse(text) as LockContent;
  } catch {
    return undefined; // half-written
  }
}

function isHeld({ content, touchedAtMs }: FoundLock): boolean {
  if (content?.host === hostname()) {
    const running = isRunning(content.pid, content.startedAt);
    if (running !== 'unknown') return running;
  }
  return Date.now() - touchedAtMs < STALE_AFTER_MS;
}

/**
 * Takes a stale lock away, exactly that one: whoever does it holds a mark named after the lock, and looks again
 * under the mark, so that a slow contender cannot remove the lock of the one who was faster.
 */
async function removeStale(path: string, stale: FoundLock): Promise<void> {
  const mark = `${path}.${identityOf(stale)}`;
  if (!(await createFile(mark, ''))) {
    const marked = await stat(mark).catch(() => undefined); // it may be gone by now
    if (marked && Date.now() - marked.mtimeMs > STALE_AFTER_MS) await rm(mark, { force: true }); // its maker died at work
    await sleep(CONTENTION_DELAY_MS);
    return;
  }
  try {
    const found = await readLock(path);
    if (found && identityOf(found) === identityOf(stale)) await rm(path, { force: true });
  } finally {
    await rm(mark, { force: true });
  }
}

function identityOf({ content, touchedAtMs }: FoundLock): string {
  return content?.nonce.replace(/\W/g, '') ?? `unfinished-${touchedAtMs}`;
}

/** @returns false when it exists */
async function createFile(path: string, text: string): Promise<boolean> {
  try {
    await writeFile(path, text, { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function notWritable(dataDir: string, error: Error): never {
  throw new DatabaseUnusableError(`The data folder ${dataDir} is not writable: ${error.message}. Set DATA_DIR to a folder this user may write.`, { cause: error });
}

function inUse(dataDir: string, { content, touchedAtMs }: FoundLock): DataFolderInUseError {
  const isHere = content?.host === hostname();
  const holder = content ? `process ${content.pid}${isHere ? '' : ` on ${content.host}`}` : 'a process that is just starting';
  const address = content?.control ? ` (${content.control.url})` : '';
  const seen = isHere ? '' : ` It was last seen ${Math.round((Date.now() - touchedAtMs) / 1000)} s ago; ${STALE_AFTER_MS / 1000} s after it is gone the folder is free.`;
  return new DataFolderInUseError(
    `The data folder ${dataDir} is in use by ${holder}${address}.${seen} Stop that server, or set DATA_DIR to another folder, or DATABASE_URL to share one PostgreSQL.`,
  );
}
