import { CronTime } from 'cron';

/** Time between two passes by a timetable; the timetables here are even, so any two will do. */
export function intervalMsOf(cron: string): number {
  const [next, afterNext] = new CronTime(cron, 'UTC').sendAt(2);
  return next && afterNext ? afterNext.toMillis() - next.toMillis() : 0;
}
