import { formatRunBilling } from '../../../src/billing/format-run-billing.js';

const CREDIT = 1_000_000n;
const describe_ = (chargedNanoUsd: bigint, availableNanoUsd: bigint): string => formatRunBilling({ chargedNanoUsd, estimatedNanoUsd: 0n, availableNanoUsd, creditValueNanoUsd: CREDIT }).formatted;

describe('what a run cost, in words', () => {
  it.each([
    [12_400_000n, 487_600_000n, '12.4 credits, about 1.2 ¢; 487.6 left'],
    [1_000_000n, 0n, '1 credit, about 0.1 ¢; 0 left'],
    [52_340n, 999_947_660n, '0.052 credits, about 0.0052 ¢; 999.9 left'],
    [0n, 1_000_000_000n, '0 credits, about 0 ¢; 1,000 left'],
    [2_500_000_000n, -3_000_000n, '2,500 credits, about $2.50; -3 left'],
  ])('%s nano-USD with %s left', (charged, available, words) => {
    expect(describe_(charged, available)).toBe(words);
  });

  it('keeps the exact amount beside the rounded one', () => {
    expect(formatRunBilling({ chargedNanoUsd: 123_456_789n, estimatedNanoUsd: 1_500_000n, availableNanoUsd: 5n, creditValueNanoUsd: CREDIT })).toMatchObject({
      credits: 123.456789,
      creditsNanoUsd: '123456789',
      estimatedCredits: 1.5,
      balance: 0.000005,
    });
  });
});
