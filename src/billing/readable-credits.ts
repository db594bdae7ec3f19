/** Credits as people read them: two significant digits for small amounts, one decimal for larger ones. */
export function readableCredits(amount: number): string {
  if (amount === 0) return '0';
  const rounded = Math.abs(amount) < 1 ? Number(amount.toPrecision(2)) : Math.round(amount * 10) / 10;
  return rounded.toLocaleString('en-US', { maximumFractionDigits: 9 });
}
