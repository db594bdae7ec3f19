import { AppError } from '../../common/index.js';

/** 15 digits: well below where JavaScript's integers stop being exact. */
const SEQ = /^\d{1,15}$/;

/**
 * The last sequence number a client has: `Last-Event-ID`, which a reconnecting EventSource sends along with
 * the address it began with, and else `?after=`. 0 when it has neither.
 * @throws AppError `validation_failed`
 */
export function parseCursor(lastEventId: string | undefined, after: string | undefined): number {
  if (lastEventId) return parseSeq('Last-Event-ID', lastEventId);
  return after === undefined ? 0 : parseSeq('after', after);
}

function parseSeq(field: string, value: string): number {
  if (SEQ.test(value)) return Number(value);
  const message = 'must be the id of an event of this run, a whole number from 0';
  throw new AppError('validation_failed', `${field}: ${message}`, { extensions: { errors: [{ field, message }] } });
}
