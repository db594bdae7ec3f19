import { type NanoUsd, toCredits } from '../../common/index.js';
import type { LedgerRow } from './postings.js';

/** A line of the ledger as people read it. */
export interface LedgerEntryView {
  readonly id: string;
  readonly kind: string;
  /** Signed: its effect on the balance. */
  readonly credits: number;
  readonly amountNanoUsd: string;
  /** Posted balance after this entry. */
  readonly balanceNanoUsd: string;
  readonly runId: string | null;
  readonly reversesEntryId: string | null;
  readonly reason: string;
  readonly createdBy: string;
  readonly createdAt: string;
}

export function presentEntry(row: LedgerRow, creditValueNanoUsd: NanoUsd): LedgerEntryView {
  return {
    id: row.id,
    kind: row.kind,
    credits: toCredits(row.amountNanoUsd, creditValueNanoUsd),
    amountNanoUsd: row.amountNanoUsd.toString(),
    balanceNanoUsd: row.balanceNanoUsd.toString(),
    runId: row.runId,
    reversesEntryId: row.reversesEntryId,
    reason: row.reason,
    createdBy: row.createdBy,
    createdAt: row.createdAt.toISOString(),
  };
}
