import type { PriceRow } from './price-table.js';

interface RatesView {
  readonly inputNanoUsd: string;
  readonly cachedInputNanoUsd: string;
  readonly outputNanoUsd: string;
}

/** A price as admins read it, in nano-USD per token. */
export interface PriceView extends RatesView {
  readonly id: string;
  readonly model: string;
  readonly effectiveFrom: string;
  /** Of a whole request whose prompt is longer than `threshold` tokens. */
  readonly longContext: (RatesView & { readonly threshold: number }) | null;
  readonly source: string;
  /** ISO date on which the source said so. */
  readonly sourceDate: string;
  readonly createdBy: string;
}

export function presentPrice(row: PriceRow): PriceView {
  return {
    id: row.id,
    model: row.model,
    effectiveFrom: row.effectiveFrom.toISOString(),
    inputNanoUsd: row.inputNanoUsd.toString(),
    cachedInputNanoUsd: row.cachedInputNanoUsd.toString(),
    outputNanoUsd: row.outputNanoUsd.toString(),
    longContext:
      row.longContextThreshold === null
        ? null
        : {
            threshold: row.longContextThreshold,
            inputNanoUsd: String(row.longInputNanoUsd),
            cachedInputNanoUsd: String(row.longCachedInputNanoUsd),
            outputNanoUsd: String(row.longOutputNanoUsd),
          },
    source: row.source,
    sourceDate: row.sourceDate.toISOString().slice(0, 10),
    createdBy: row.createdBy,
  };
}
