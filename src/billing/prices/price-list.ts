/** A published price in USD per million tokens, as the provider writes it. */
export interface ListedPrice {
  readonly model: string;
  /** ISO date, UTC, from which it holds. */
  readonly effectiveFrom: string;
  readonly inputUsd: string;
  readonly cachedInputUsd: string;
  /** Also for thoughts. */
  readonly outputUsd: string;
  /** Prices of a whole request whose prompt is longer than `threshold` tokens. */
  readonly longContext?: { readonly threshold: number; readonly inputUsd: string; readonly cachedInputUsd: string; readonly outputUsd: string };
  readonly source: string;
  readonly sourceDate: string;
}

const GEMINI = { source: 'Gemini API price page, standard tier; cached rates from genai-prices 0.1.8', sourceDate: '2026-10-07' };
const FLASH_UNTIL_2027 = { inputUsd: '0.75', cachedInputUsd: '0.075', outputUsd: '3.75' };
const FLASH_FROM_2027 = { inputUsd: '1.50', cachedInputUsd: '0.15', outputUsd: '7.50' };
const BEGINNING = '2025-01-01';

/** Put into the price table at boot; rows an admin made for the same model and date stay as they are. */
export const PRICE_LIST: readonly ListedPrice[] = [
  { model: 'gemini/gemini-3.8-flash', effectiveFrom: BEGINNING, ...FLASH_UNTIL_2027, ...GEMINI },
  { model: 'gemini/gemini-3.8-flash', effectiveFrom: '2027-01-01', ...FLASH_FROM_2027, ...GEMINI },
  { model: 'gemini/gemini-3.6-flash', effectiveFrom: BEGINNING, ...FLASH_UNTIL_2027, ...GEMINI },
  { model: 'gemini/gemini-3.6-flash', effectiveFrom: '2027-01-01', ...FLASH_FROM_2027, ...GEMINI },
  { model: 'gemini/gemini-3.5-flash', effectiveFrom: BEGINNING, inputUsd: '1.50', cachedInputUsd: '0.15', outputUsd: '9.00', ...GEMINI },
  { model: 'gemini/gemini-3.5-flash-lite', effectiveFrom: BEGINNING, inputUsd: '0.30', cachedInputUsd: '0.03', outputUsd: '2.50', ...GEMINI },
  {
    model: 'gemini/gemini-3.1-pro-preview',
    effectiveFrom: BEGINNING,
    inputUsd: '2.00',
    cachedInputUsd: '0.20',
    outputUsd: '12.00',
    longContext: { threshold: 200_000, inputUsd: '4.00', cachedInputUsd: '0.40', outputUsd: '18.00' },
    ...GEMINI,
  },
  { model: 'gemini/gemini-3.1-flash-lite', effectiveFrom: BEGINNING, inputUsd: '0.25', cachedInputUsd: '0.025', outputUsd: '1.50', ...GEMINI },
  { model: 'gemini/gemini-3-flash-preview', effectiveFrom: BEGINNING, inputUsd: '0.50', cachedInputUsd: '0.05', outputUsd: '3.00', ...GEMINI },
  {
    model: 'gemini/gemini-2.5-pro',
    effectiveFrom: BEGINNING,
    inputUsd: '1.25',
    cachedInputUsd: '0.125',
    outputUsd: '10.00',
    longContext: { threshold: 200_000, inputUsd: '2.50', cachedInputUsd: '0.25', outputUsd: '15.00' },
    ...GEMINI,
  },
  { model: 'gemini/gemini-2.5-flash', effectiveFrom: BEGINNING, inputUsd: '0.30', cachedInputUsd: '0.03', outputUsd: '2.50', ...GEMINI },
  { model: 'gemini/gemini-2.5-flash-lite', effectiveFrom: BEGINNING, inputUsd: '0.10', cachedInputUsd: '0.01', outputUsd: '0.40', ...GEMINI },
  {
    model: 'offline/planner',
    effectiveFrom: BEGINNING,
    inputUsd: '0.01',
    cachedInputUsd: '0.01',
    outputUsd: '0.04',
    source: 'Nominal: the offline planner costs nothing to run, but its meter should be seen moving',
    sourceDate: '2026-11-22',
  },
];
