import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openPGlite } from '../../../src/database/index.js';
import { numbersFrom } from '../numbers-from.js';
import { type Acknowledged, faultsOf } from './acknowledged.js';

const WRITER = fileURLToPath(new URL('./writer.ts', import.meta.url));
const LOADER = new URL('../../support/typescript-process.mjs', import.meta.url).href;
/** Writes that a writer is left before it is killed. */
const MOST_WRITES = 60;
const BOOT_MS = 60_000;
/** One in so many is killed while it opens the database, and the first while it makes it. */
const ONE_IN_OPENING = 5;
const OPENING_MS = 4_000;

/** A server with the embedded database writes and is killed, again and again; each time what it was told is written has to be there. */
export class DatabaseChaos {
  readonly acknowledged: Acknowledged[] = [];
  private kills = 0;

  private constructor(
    private readonly dataDir: string,
    private readonly random: () => number,
  ) {}

  static async create(seed: number): Promise<DatabaseChaos> {
    return new DatabaseChaos(await mkdtemp(join(tmpdir(), 'lomu-chaos-')), numbersFrom(seed));
  }

  async close(): Promise<void> {
    await rm(this.dataDir, { recursive: true, force: true });
  }

  /** @returns what is missing or wrong afterwards */
  async killOnce(): Promise<string[]> {
    const isOpening = this.kills++ % ONE_IN_OPENING === 0;
    const child = spawn(process.execPath, ['--no-warnings', '--liftoff-only', '--import', LOADER, WRITER], {
      env: { PATH: process.env.PATH, DATA_DIR: this.dataDir, TMPDIR: this.dataDir, LOG_LEVEL: 'fatal', SANDBOX: 'off', LIMIT_CHAT_MAX_CONCURRENT_RUNS_PER_USER: '10000' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = new Promise((resolve) => child.once('close', resolve));
    const kill = (): boolean => child.kill('SIGKILL');
    let writesLeft = 1 + MOST_WRITES * this.random();
    createInterface(child.stdout).on('line', (line) => {
      this.acknowledged.push(JSON.parse(line) as Acknowledged);
      if (--writesLeft <= 0) kill();
    });
    const overdue = new AbortController();
    void sleep(isOpening ? OPENING_MS * this.random() : BOOT_MS, undefined, { signal: overdue.signal }).then(kill, () => undefined);
    await ended;
    overdue.abort();
    if (isOpening) return []; // the next one opens what this one left, before it is looked into
    const connection = await openPGlite(this.dataDir);
    try {
      return await faultsOf(connection, this.acknowledged);
    } finally {
      await connection.close();
    }
  }
}
