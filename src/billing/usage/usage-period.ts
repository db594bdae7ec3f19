import { AppError } from '../../common/index.js';

const DAY_MS = 86_400_000;

/** From inclusive, to exclusive. */
export interface UsagePeriod {
  readonly from: Date;
  readonly to: Date;
}

/**
 * @param asked whatever is left out reaches as far as it may, up to now
 * @throws AppError `validation_failed` for a period that is empty or longer than `maxDays`
 */
export function usagePeriod(asked: Partial<UsagePeriod>, maxDays: number, nowMs: number): UsagePeriod {
  const to = asked.to ?? new Date(nowMs + 1);
  const from = asked.from ?? new Date(to.getTime() - maxDays * DAY_MS);
  if (from >= to) throw new AppError('validation_failed', 'from: must be before to.');
  if (to.getTime() - from.getTime() > maxDays * DAY_MS) {
    throw new AppError('validation_failed', `from: a report spans at most ${maxDays} days. Ask for a shorter time.`, { extensions: { limit: 'billing.maxReportDays', value: maxDays } });
  }
  return { from, to };
}
