import type { Clock } from '../common/index.js';
import type { Limits } from '../limits/index.js';
import type { RunDirectory } from './run-directory.port.js';

/** Asks whether runs have ended: once for all who wait for the same one, however many they are. */
export class EndInquiries {
  private readonly answers = new Map<string, Promise<boolean>>();

  constructor(
    private readonly directory: RunDirectory,
    private readonly clock: Clock,
    private readonly limits: Limits,
  ) {}

  /** As of now, or of at most half a heartbeat ago: who asks with each heartbeat never gets the same answer twice. */
  hasEnded(runId: string): Promise<boolean> {
    return this.answers.get(runId) ?? this.ask(runId);
  }

  private ask(runId: string): Promise<boolean> {
    const answer = this.directory.hasEnded(runId);
    const forget = (): boolean => this.answers.delete(runId);
    this.answers.set(runId, answer);
    this.clock.schedule(forget, this.limits.value('stream.heartbeatMs') / 2);
    answer.catch(forget); // for those who ask next; who asked now is told
    return answer;
  }
}
