import { type NanoUsd, toCredits } from '../common/index.js';
import { readableCredits } from './readable-credits.js';

/** What a run cost, as clients see it; the object `billing` of terminal events. */
export interface RunBillingView {
  readonly credits: number;
  readonly creditsNanoUsd: string;
  readonly estimatedCredits: number;
  /** Credits left to spend. */
  readonly balance: number;
  /** e.g. `12.4 credits, about 1.2 ¢; 487.6 left` */
  readonly formatted: string;
}

export interface RunCharges {
  readonly chargedNanoUsd: NanoUsd;
  readonly estimatedNanoUsd: NanoUsd;
  readonly availableNanoUsd: NanoUsd;
  readonly creditValueNanoUsd: NanoUsd;
}

const NANO_USD_PER_CENT = 10_000_000;

export function formatRunBilling({ chargedNanoUsd, estimatedNanoUsd, availableNanoUsd, creditValueNanoUsd }: RunCharges): RunBillingView {
  const credits = toCredits(chargedNanoUsd, creditValueNanoUsd);
  const balance = toCredits(availableNanoUsd, creditValueNanoUsd);
  const unit = readableCredits(credits) === '1' ? 'credit' : 'credits';
  return {
    credits,
    creditsNanoUsd: chargedNanoUsd.toString(),
    estimatedCredits: toCredits(estimatedNanoUsd, creditValueNanoUsd),
    balance,
    formatted: `${readableCredits(credits)} ${unit}, about ${money(chargedNanoUsd)}; ${readableCredits(balance)} left`,
  };
}

function money(amount: NanoUsd): string {
  const cents = Number(amount) / NANO_USD_PER_CENT;
  return Math.abs(cents) >= 100 ? `$${(cents / 100).toFixed(2)}` : `${readableCredits(cents)} ¢`;
}
