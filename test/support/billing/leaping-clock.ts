import { FakeClock } from '../fake-clock.js';

/** A fake clock whose wall time can also leap, for calendars: no timer notices, as none would want to fire for each second of a month. */
export class LeapingClock extends FakeClock {
  private leaptMs = 0;

  override now(): number {
    return super.now() + this.leaptMs;
  }

  leap(durationMs: number): void {
    this.leaptMs += durationMs;
  }
}
