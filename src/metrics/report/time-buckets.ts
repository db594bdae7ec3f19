const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Lengths that people read on a clock. */
const ROUND_BUCKETS_MS = [MINUTE_MS, 5 * MINUTE_MS, 15 * MINUTE_MS, 30 * MINUTE_MS, HOUR_MS, 3 * HOUR_MS, 6 * HOUR_MS, 12 * HOUR_MS, DAY_MS, 7 * DAY_MS, 30 * DAY_MS];
const ENOUGH_BUCKETS = 120;

/** The shortest round length that cuts the window into no more pieces than a chart can show. */
export function chooseBucketMs(windowMs: number): number {
  return ROUND_BUCKETS_MS.find((bucketMs) => windowMs / bucketMs <= ENOUGH_BUCKETS) ?? Math.ceil(windowMs / ENOUGH_BUCKETS / DAY_MS) * DAY_MS;
}

/** Where each bucket that touches [fromMs, toMs) begins; buckets are whole multiples of their length since the epoch, as in `date_bin`. */
export function bucketStarts(fromMs: number, toMs: number, bucketMs: number): number[] {
  const starts: number[] = [];
  for (let start = Math.floor(fromMs / bucketMs) * bucketMs; start < toMs; start += bucketMs) starts.push(start);
  return starts;
}
