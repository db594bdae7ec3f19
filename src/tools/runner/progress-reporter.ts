import type { Clock } from '../../common/index.js';
import { cleanText } from './clean-text.js';

const MIN_GAP_MS = 200;
const MAX_TEXT_LENGTH = 500;

export interface ProgressReporter {
  readonly report: (text: string) => void;
  readonly end: () => void;
}

/** Passes a tool's progress on, the first at once and then not too often, and nothing after the call has ended. */
export function progressReporter(clock: Clock, emit: (text: string) => void): ProgressReporter {
  let nextAtMs = Number.NEGATIVE_INFINITY;
  return {
    report: (text) => {
      const nowMs = clock.monotonicMs();
      if (nowMs < nextAtMs) return;
      nextAtMs = nowMs + MIN_GAP_MS;
      emit(cleanText(text.slice(0, MAX_TEXT_LENGTH)));
    },
    end: () => {
      nextAtMs = Number.POSITIVE_INFINITY;
    },
  };
}
