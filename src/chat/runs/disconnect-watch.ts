import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '../../common/index.js';
import { type Limits, LIMITS_READER } from '../../limits/index.js';
import { RunViewers } from '../../streaming/index.js';
import { RunStopped } from '../loop/run-stopped.js';
import type { RunRow } from './run-row.js';

export interface WatchedPresence {
  /** Aborts with a RunStopped when nobody has watched for `stream.disconnectGraceMs`. */
  readonly signal: AbortSignal;
  release(): void;
}

/** Stops a run that asked for `onDisconnect: "cancel"` and that nobody watches on any instance, for the length of a reconnect and more. */
@Injectable()
export class DisconnectWatch {
  constructor(
    private readonly viewers: RunViewers,
    @Inject(LIMITS_READER) private readonly limits: Limits,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  watch(row: Pick<RunRow, 'id' | 'onDisconnect'>): WatchedPresence {
    const controller = new AbortController();
    if (row.onDisconnect !== 'cancel') return { signal: controller.signal, release: () => undefined };
    let cancelTimer: (() => void) | undefined;
    let isReleased = false;
    const onChange = (): void => {
      cancelTimer?.();
      cancelTimer = this.viewers.count(row.id) > 0 ? undefined : this.clock.schedule(() => void onGraceOver(), this.limits.value('stream.disconnectGraceMs'));
    };
    const onGraceOver = async (): Promise<void> => {
      // When nobody can say, the run has the benefit of the doubt.
      const isWatchedElsewhere = await this.viewers.isWatchedElsewhere(row.id).catch(() => true);
      if (isReleased || this.viewers.count(row.id) > 0) return;
      if (isWatchedElsewhere) onChange();
      else controller.abort(new RunStopped('cancelled', 'disconnected'));
    };
    const stopListening = this.viewers.listen(row.id, onChange);
    onChange();
    return {
      signal: controller.signal,
      release: () => {
        isReleased = true;
        stopListening();
        cancelTimer?.();
      },
    };
  }
}
