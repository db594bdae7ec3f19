import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ObjectStore } from './object-store.js';
import { hashesOf, type RunRecord } from './run-record.js';
import type { KnownFile, KnownFiles } from './tree-scan.js';

const KNOWN = 'known.json';

/** The files behind the history of one project. They are beside the workspaces, where no tool and no command reaches them. */
export class HistoryFolder {
  readonly objects: ObjectStore;

  constructor(private readonly directory: string) {
    this.objects = new ObjectStore(join(directory, 'objects'));
  }

  async readRecord(runId: string): Promise<RunRecord | undefined> {
    return this.readJson<RunRecord>(`runs/${runId}.json`);
  }

  async writeRecord(runId: string, record: RunRecord): Promise<void> {
    await this.writeJson(`runs/${runId}.json`, record);
  }

  async readKnown(): Promise<KnownFiles> {
    return new Map((await this.readJson<[string, KnownFile][]>(KNOWN)) ?? []);
  }

  async writeKnown(known: KnownFiles): Promise<void> {
    await this.writeJson(KNOWN, [...known]);
  }

  async forgetRuns(runIds: readonly string[]): Promise<void> {
    for (const runId of runIds) await rm(join(this.directory, 'runs', `${runId}.json`), { force: true });
  }

  /** Keeps the latest runs, and of the contents those that a run or the present workspace needs. */
  async trim(maxRuns: number, sweepBeforeMs: number): Promise<void> {
    const runIds = await this.runIds();
    if (runIds.length <= maxRuns) return;
    const ages = await Promise.all(runIds.map(async (runId) => ({ runId, mtimeMs: (await stat(join(this.directory, 'runs', `${runId}.json`))).mtimeMs })));
    const [...kept] = ages.sort((a, b) => b.mtimeMs - a.mtimeMs);
    await this.forgetRuns(kept.splice(maxRuns).map(({ runId }) => runId));
    await this.sweep(sweepBeforeMs);
  }

  /** Forgets contents that neither a run nor the present workspace needs. @returns how many are too young for that */
  async sweep(beforeMs: number): Promise<number> {
    const wanted = new Set([...(await this.readKnown()).values()].map(({ hash }) => hash));
    for (const runId of await this.runIds()) for (const hash of hashesOf((await this.readRecord(runId)) as RunRecord)) wanted.add(hash);
    return this.objects.sweep(wanted, beforeMs);
  }

  async remove(): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }

  private async runIds(): Promise<string[]> {
    const names = await readdir(join(this.directory, 'runs')).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return []; // no run has changed anything
      throw error;
    });
    return names.filter((name) => name.endsWith('.json')).map((name) => name.replace(/\.json$/, ''));
  }

  private async readJson<Value>(name: string): Promise<Value | undefined> {
    try {
      return JSON.parse(await readFile(join(this.directory, name), 'utf8')) as Value; // written below
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  private async writeJson(name: string, value: unknown): Promise<void> {
    await mkdir(join(this.directory, 'runs'), { recursive: true, mode: 0o700 });
    const path = join(this.directory, name);
    await writeFile(`${path}.tmp`, JSON.stringify(value), { mode: 0o600 });
    await rename(`${path}.tmp`, path);
  }
}
