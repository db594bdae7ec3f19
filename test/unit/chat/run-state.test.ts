import { readFileSync, writeFileSync } from 'node:fs';
import { NEXT_STATUS, RUN_STATUSES, RUN_TRANSITIONS, statusesAllowing } from '../../../src/chat/runs/run-state.js';

const FINAL = ['completed', 'failed', 'cancelled'] as const;

describe('the run state machine', () => {
  it('I1: nothing leaves a final state', () => {
    for (const status of FINAL) for (const transition of RUN_TRANSITIONS) expect(NEXT_STATUS[status][transition]).toBeNull();
  });

  it('I1: every state that is not final can still end', () => {
    for (const status of RUN_STATUSES.filter((candidate) => !FINAL.includes(candidate as never))) {
      expect(NEXT_STATUS[status].cancel).toBe('cancelled');
      expect(NEXT_STATUS[status].fail).toBe('failed');
    }
  });

  it('only a run that is worked on can complete', () => {
    expect(statusesAllowing('complete')).toEqual(['running']);
  });

  it('is the one that docs/ARCHITECTURE.md shows', () => {
    const path = new URL('../../../docs/ARCHITECTURE.md', import.meta.url);
    const text = readFileSync(path, 'utf8');
    const table = [
      `| State | ${RUN_TRANSITIONS.join(' | ')} |`,
      `|---|${RUN_TRANSITIONS.map(() => '---').join('|')}|`,
      ...RUN_STATUSES.map((status) => `| **${status}** | ${RUN_TRANSITIONS.map((transition) => NEXT_STATUS[status][transition] ?? '·').join(' | ')} |`),
    ].join('\n');
    const expected = text.replace(/(<!-- run-states:begin -->\n)[\s\S]*(<!-- run-states:end -->)/, `$1${table}\n$2`);
    if (process.env.UPDATE_DOCS) writeFileSync(path, expected);
    expect(process.env.UPDATE_DOCS ? expected : text).toBe(expected);
  });
});
