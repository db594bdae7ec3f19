import { Injectable } from '@nestjs/common';
import type { Principal } from '../../common/index.js';
import { type AdmissionRequest, type AdmittedRun, RunAdmission } from '../admission/run-admission.js';
import type { ClientKeys } from './client-keys.js';
import { ClientRuns, type FoundByKeys } from './client-runs.js';

/** A start whose conversation is named by the client, so it says nothing of ours. */
export type KeyedRequest = Omit<AdmissionRequest, 'conversationId' | 'clientKeys'>;

/** Admission for clients that choose the ids of conversations, and perhaps of runs, themselves. */
@Injectable()
export class KeyedAdmission {
  constructor(
    private readonly admission: RunAdmission,
    private readonly runs: ClientRuns,
  ) {}

  /**
   * A conversation that is not known yet begins with this run; a run that is known is answered again, not started.
   * @throws AppError as RunAdmission does
   */
  async start(principal: Principal, request: KeyedRequest, keys: ClientKeys, idempotencyKey?: string, idempotencyScope?: string): Promise<AdmittedRun> {
    const find = (): Promise<FoundByKeys> => this.find(principal.userId, keys, request.replaces);
    const start = (): Promise<AdmittedRun> => this.admission.start(principal, { ...request, clientKeys: keys }, idempotencyKey, idempotencyScope);
    const before = await find();
    if (before.run) return before.run;
    try {
      return await start();
    } catch (error) {
      // Another request with these keys may have been faster, and is then the reason of whatever went wrong here.
      const now = await find();
      if (now.run) return now.run;
      if (now.conversationId === before.conversationId) throw error;
    }
    return this.startAgain(start, find);
  }

  private async startAgain(start: () => Promise<AdmittedRun>, find: () => Promise<FoundByKeys>): Promise<AdmittedRun> {
    try {
      return await start();
    } catch (error) {
      const { run } = await find();
      if (!run) throw error;
      return run;
    }
  }

  /** A run that is to be replaced by another of its name does not count. */
  private async find(userId: string, keys: ClientKeys, replaces: string | undefined): Promise<FoundByKeys> {
    const found = await this.runs.find(userId, keys);
    return found.run && found.run.runId === replaces ? { conversationId: found.conversationId } : found;
  }
}
