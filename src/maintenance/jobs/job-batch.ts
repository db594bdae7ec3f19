import type { JobBatch } from '../scheduled-job.js';

/** For work that one batch does completely and that counts no rows. */
export const WHOLE_PASS: JobBatch = { rows: 0, hasMore: false };

/** Of work that changes what is due: another pass may have taken a part of a batch, so only one that changed nothing has found nothing. */
export function changesBatch(rows: number): JobBatch {
  return { rows, hasMore: rows > 0 };
}

/** Of work that goes through everything, a batch at a time: one that is not full is the end of the round. */
export function roundBatch(rows: number, batchSize: number): JobBatch {
  return { rows, hasMore: rows >= batchSize };
}
