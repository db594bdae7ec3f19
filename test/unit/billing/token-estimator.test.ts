import fc from 'fast-check';
import { TokenEstimator } from '../../../src/billing/index.js';
import { readCorpus } from '../../support/billing/corpus.js';

const estimator = new TokenEstimator();
const corpus = readCorpus();
const errorOf = ({ text, tokens }: { text: string; tokens: number }): number => estimator.estimate(text) / tokens - 1;

describe('estimated tokens against the real tokenizer, on texts it was not fitted to', () => {
  it('covers at least 12 kinds of text', () => {
    expect(corpus.length).toBeGreaterThanOrEqual(12);
  });

  it('is within 10 % for at least 90 % of 2 KB chunks', () => {
    const errors = corpus.flatMap(({ chunks }) => chunks.map(errorOf));
    const share = errors.filter((error) => Math.abs(error) <= 0.1).length / errors.length;
    expect(share).toBeGreaterThanOrEqual(0.9);
  });

  it('is within 10 % for most kinds and within 16 % for each', () => {
    const errors = corpus.map(errorOf);
    expect(errors.filter((error) => Math.abs(error) <= 0.1).length / errors.length).toBeGreaterThanOrEqual(0.85);
    for (const error of errors) expect(Math.abs(error)).toBeLessThanOrEqual(0.16);
  });

  it('is within 5 % for a mixed prompt of a coding agent', () => {
    const prompt = corpus.find(({ name }) => name === 'agent-prompt.txt');
    expect(Math.abs(errorOf(prompt as { text: string; tokens: number }))).toBeLessThanOrEqual(0.05);
  });

  it('is within 3 % at p95 for a running conversation, of which only the last turn is guessed', () => {
    const turns = corpus.flatMap(({ chunks }) => chunks);
    const errors: number[] = [];
    // Several conversations in different orders, so that no lucky sequence decides.
    for (let offset = 0; offset < turns.length; offset++) {
      let promptTokens = 2_000; // system prompt, tools and the first message, counted by the provider
      for (let turn = 0; turn < turns.length; turn++) {
        const { text, tokens } = turns[(offset + turn * 7) % turns.length] as { text: string; tokens: number };
        errors.push(Math.abs(estimator.estimate(text) - tokens) / (promptTokens + tokens));
        promptTokens += tokens;
      }
    }
    errors.sort((a, b) => a - b);
    expect(errors[Math.floor(errors.length * 0.95)]).toBeLessThanOrEqual(0.03);
  });
});

describe('the estimator', () => {
  it('says 0 for nothing and at least 1 for anything else', () => {
    expect(estimator.estimate('')).toBe(0);
    fc.assert(fc.property(fc.string({ unit: 'binary', minLength: 1 }), (text) => estimator.estimate(text) >= 0 && Number.isInteger(estimator.estimate(text))));
    for (const text of ['a', '7', '.', ' .', '\n', '漢', '😀', 'ß']) expect(estimator.estimate(text)).toBeGreaterThanOrEqual(1);
  });

  it('grows with the text, however it is cut', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), fc.string({ unit: 'grapheme', maxLength: 200 }), (first, second) => {
        const [whole, parts] = [estimator.estimate(`${first}\n${second}`), estimator.estimate(first) + estimator.estimate(second)];
        expect(whole).toBeLessThanOrEqual(parts * 1.5 + 6);
        expect(whole).toBeGreaterThanOrEqual(parts * 0.5 - 6);
      }),
    );
  });

  it('takes time in proportion to the length, also for a single word or half a surrogate pair', () => {
    for (const text of ['a'.repeat(1_000_000), '\ud800'.repeat(300_000), ' '.repeat(1_000_000), '漢'.repeat(500_000), 'aB3'.repeat(300_000), '",'.repeat(400_000)]) {
      expect(estimator.estimate(text)).toBeGreaterThan(0);
    }
  }, 10_000);
});
