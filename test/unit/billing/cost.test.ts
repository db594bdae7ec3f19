import { costOf, type ModelRates, nanoUsdPerToken, withMarkup } from '../../../src/billing/prices/cost.js';
import { PRICE_LIST } from '../../../src/billing/prices/price-list.js';
import { NO_USAGE } from '../../../src/common/index.js';

const rates: ModelRates = { priceId: 'p', input: 750n, cachedInput: 75n, output: 3_750n };

describe('the cost of a call', () => {
  it('counts cached tokens inside the prompt once, tool use as input, thoughts as output', () => {
    const usage = { inputTokens: 1_000, cachedInputTokens: 400, toolUseInputTokens: 50, outputTokens: 20, reasoningTokens: 300 };
    expect(costOf(usage, rates)).toBe(600n * 750n + 400n * 75n + 50n * 750n + 320n * 3_750n);
  });

  it('never lets more cached than prompt tokens pay anything back', () => {
    expect(costOf({ ...NO_USAGE, inputTokens: 10, cachedInputTokens: 40 }, rates)).toBe(10n * 75n);
  });

  it('uses the long tier for the whole request once the prompt is past the threshold', () => {
    const tiered: ModelRates = { ...rates, longContext: { threshold: 200_000, input: 1_500n, cachedInput: 150n, output: 5_000n } };
    const usage = { ...NO_USAGE, outputTokens: 10 };
    expect(costOf({ ...usage, inputTokens: 200_000 }, tiered)).toBe(200_000n * 750n + 10n * 3_750n);
    expect(costOf({ ...usage, inputTokens: 200_001 }, tiered)).toBe(200_001n * 1_500n + 10n * 5_000n);
  });

  it('rounds the markup up, never down', () => {
    expect(withMarkup(100n, 0)).toBe(100n);
    expect(withMarkup(1n, 1)).toBe(2n);
    expect(withMarkup(1_000n, 15)).toBe(1_150n);
  });
});

describe('the price list', () => {
  it('is exact in nano-USD per token', () => {
    expect(nanoUsdPerToken('0.075')).toBe(75n);
    expect(nanoUsdPerToken('12')).toBe(12_000n);
    expect(() => nanoUsdPerToken('0.0001')).toThrow(RangeError);
    expect(() => nanoUsdPerToken('-1')).toThrow(RangeError);
    for (const price of PRICE_LIST) for (const usd of [price.inputUsd, price.cachedInputUsd, price.outputUsd]) expect(nanoUsdPerToken(usd)).toBeGreaterThan(0n);
  });

  it('has one price per model and date, each with a source', () => {
    const keys = PRICE_LIST.map((price) => `${price.model} ${price.effectiveFrom}`);
    expect(new Set(keys).size).toBe(keys.length);
    for (const price of PRICE_LIST) expect(price.source.length).toBeGreaterThan(10);
  });
});
