/** Half-open: a run that finished at `to` belongs to the next window. */
export interface TimeWindow {
  readonly from: Date;
  readonly to: Date;
}

export const HOUR_MS = 3_600_000;

/** The `durationMs` before `endMs`. */
export function windowEnding(endMs: number, durationMs: number): TimeWindow {
  return { from: new Date(endMs - durationMs), to: new Date(endMs) };
}

/** The window of the same length that ends where this one begins. */
export function windowBefore(window: TimeWindow): TimeWindow {
  const fromMs = window.from.getTime();
  return windowEnding(fromMs, window.to.getTime() - fromMs);
}
