import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { INTENT_CASES } from '../intent-cases.js';
import { accuracy, judge, renderReport, wrongOnes } from './intent-report.js';

const DOCUMENT = fileURLToPath(new URL('../../../../docs/INTENTS.md', import.meta.url));

describe('the labelled messages', () => {
  const judged = judge();

  it('are many and none comes twice', () => {
    expect(INTENT_CASES.length).toBeGreaterThanOrEqual(160);
    expect(new Set(INTENT_CASES.map((one) => one.message)).size).toBe(INTENT_CASES.length);
  });

  it('are told right at least nine times in ten', () => {
    expect(accuracy(judged)).toBeGreaterThanOrEqual(0.9);
  });

  it('never lose their tools: work is not taken for talk', () => {
    expect(wrongOnes(judged).filter((one) => one.answered === 'casual')).toEqual([]);
  });

  it('give the figures that docs/INTENTS.md states', () => {
    const report = renderReport(judged);
    if (process.env.UPDATE_DOCS) writeFileSync(DOCUMENT, report);
    expect(readFileSync(DOCUMENT, 'utf8')).toBe(report);
  });
});
