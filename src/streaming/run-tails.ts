import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '../common/index.js';
import { type Limits, LIMITS_READER } from '../limits/index.js';
import { EndInquiries } from './end-inquiries.js';
import { RUN_DIRECTORY, type RunDirectory } from './run-directory.port.js';
import { RUN_EVENT_LOG, type RunEventLog } from './run-event-log.port.js';
import { RunTail } from './run-tail.js';

/**
 * Where a cursor stands in its run.
 * - `over`: at or after the terminal event
 * - `kept`: what follows it is in the log, or has yet to happen
 * - `gone`: what follows it has to be told by a snapshot
 */
export type CursorPosition = 'over' | 'kept' | 'gone';

/** Opens read-only views of runs. None of them can change or end a run. */
@Injectable()
export class RunTails {
  private readonly ends: EndInquiries;

  constructor(
    @Inject(RUN_EVENT_LOG) private readonly log: RunEventLog,
    @Inject(RUN_DIRECTORY) private readonly directory: RunDirectory,
    @Inject(CLOCK) clock: Clock,
    @Inject(LIMITS_READER) limits: Limits,
  ) {
    this.ends = new EndInquiries(directory, clock, limits);
  }

  /**
   * @param afterSeq the last sequence number the reader has; 0 for everything
   * @param onChange called whenever there may be something new to read, until `stop`; must not throw
   */
  open(runId: string, afterSeq: number, onChange: () => void): RunTail {
    return new RunTail(this.log, this.directory, this.ends, runId, afterSeq, onChange);
  }

  async locate(runId: string, afterSeq: number): Promise<CursorPosition> {
    const page = await this.log.read(runId, afterSeq, 1);
    if (page.state === 'ended' && page.events.length === 0) return 'over';
    if (page.state !== 'gone') return 'kept';
    if (page.snapshot) return 'gone';
    const record = await this.directory.findRecord(runId);
    if (!record) return 'kept';
    if (record.terminal && afterSeq >= record.lastSeq) return 'over';
    return afterSeq >= record.lastSeq ? 'kept' : 'gone';
  }

  async isOwnedBy(runId: string, userId: string): Promise<boolean> {
    return (await this.directory.findOwner(runId)) === userId;
  }
}
