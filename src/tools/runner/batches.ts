/** Splits into runs of neighbours that belong together; whatever does not gets a batch of its own. */
export function inBatches<Item>(items: readonly Item[], mayShare: (item: Item) => boolean): Item[][] {
  const batches: Item[][] = [];
  let shared: Item[] | undefined;
  for (const item of items) {
    if (!mayShare(item)) {
      batches.push([item]);
      shared = undefined;
    } else if (shared) {
      shared.push(item);
    } else {
      shared = [item];
      batches.push(shared);
    }
  }
  return batches;
}

/** Like `Promise.all` over `map`, with at most `concurrency` of them under way. */
export async function mapBounded<Item, Result>(items: readonly Item[], concurrency: number, map: (item: Item) => Promise<Result>): Promise<Result[]> {
  const results: Result[] = [];
  const queue = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of queue) results[index] = await map(item);
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, worker));
  return results;
}
