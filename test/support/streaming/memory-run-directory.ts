import type { RunDirectory, RunRecord } from '../../../src/streaming/index.js';

/** Runs as an application would have them in its database. */
export class MemoryRunDirectory implements RunDirectory {
  private readonly owners = new Map<string, string>();
  private readonly records = new Map<string, RunRecord>();

  add(runId: string, userId: string, record?: RunRecord): void {
    this.owners.set(runId, userId);
    if (record) this.records.set(runId, record);
  }

  async findOwner(runId: string): Promise<string | undefined> {
    return this.owners.get(runId);
  }

  async hasEnded(runId: string): Promise<boolean> {
    return this.records.get(runId)?.terminal !== undefined;
  }

  async findRecord(runId: string): Promise<RunRecord | undefined> {
    return this.records.get(runId);
  }
}
