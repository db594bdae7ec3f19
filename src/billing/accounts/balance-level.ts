import type { NanoUsd } from '../../common/index.js';

/**
 * How much of the allowance is left: `good`; `low` once 80 % of it is used; `critical` from 90 % on, and
 * when nothing is left. The allowance is the last free credits that the account was given, at sign-up or
 * for a month; credits beyond it keep the level good for as long as they last.
 */
export type BalanceLevel = 'good' | 'low' | 'critical';

/** @param posted without holds, which are not used yet and mostly come back */
export function levelOf(posted: NanoUsd, allowance: NanoUsd): BalanceLevel {
  if (posted <= 0n) return 'critical';
  if (posted * 10n <= allowance) return 'critical';
  if (posted * 5n <= allowance) return 'low';
  return 'good';
}
