/**
 * Money is a `bigint` of nano-USD (1e-9 USD) everywhere inside. Credits are a display unit whose value
 * is configuration (`CREDIT_VALUE_NANO_USD`, default 1 000 000 = a tenth of a cent).
 */
export type NanoUsd = bigint;

/** Credits as a JSON number. Exact up to 2^53 nano-USD (about nine million USD); amounts beside it stay exact as strings. */
export function toCredits(amount: NanoUsd, creditValueNanoUsd: NanoUsd): number {
  return Number(amount) / Number(creditValueNanoUsd);
}

/** Credits given by a person, rounded to the nearest nano-USD. */
export function fromCredits(credits: number, creditValueNanoUsd: NanoUsd): NanoUsd {
  return BigInt(Math.round(credits * Number(creditValueNanoUsd)));
}
