/** Sørensen-Dice over pairs of neighbouring characters: 1 for equal texts, 0 for nothing in common. */
export function similarity(a: string, b: string): number {
  if (a === b) return 1;
  const shorter = Math.min(a.length, b.length) - 1;
  const total = a.length + b.length - 2;
  if (shorter < 1 || (2 * shorter) / total < 0.4) return 0; // lengths alone rule it out, at no cost
  const pairs = new Map<string, number>();
  for (let index = 0; index + 1 < a.length; index++) {
    const pair = a.slice(index, index + 2);
    pairs.set(pair, (pairs.get(pair) ?? 0) + 1);
  }
  let shared = 0;
  for (let index = 0; index + 1 < b.length; index++) {
    const pair = b.slice(index, index + 2);
    const left = pairs.get(pair) ?? 0;
    if (left === 0) continue;
    pairs.set(pair, left - 1);
    shared++;
  }
  return (2 * shared) / total;
}
