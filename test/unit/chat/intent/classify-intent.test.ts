import fc from 'fast-check';
import { INTENTS } from '../../../../src/common/index.js';
import { classifyIntent } from '../../../../src/chat/intent/classify-intent.js';
import { INTENT_CASES } from '../intent-cases.js';

const work = INTENT_CASES.filter((one) => one.intent !== 'casual').map((one) => one.message);

describe('classifyIntent', () => {
  it.each([
    ['thanks! now add a chart', 'default'],
    ['please help', 'default'],
    ['history of the project', 'analysis'],
    ['search for usages of foo', 'search'],
    ['refactor the user service', 'refactor'],
    ["don't change anything, just explain", 'analysis'],
    ['add a feature', 'default'],
    ['hello', 'casual'],
  ] as const)('takes "%s" for %s', (message, intent) => {
    expect(classifyIntent(message).intent).toBe(intent);
  });

  it('says which cues it heard', () => {
    const { reasons, scores } = classifyIntent('Thanks! Explain the cache, then fix it.');
    expect(reasons).toEqual(['talk "thanks": casual +3', 'order "explain": analysis +10', 'order "fix": fix +20']);
    expect(scores).toEqual({ casual: 3, search: 0, analysis: 10, fix: 20, refactor: 0, default: 0 });
  });

  it('listens to words, not to parts of words', () => {
    expect(classifyIntent('prefix suffix addition').reasons).toEqual([]);
  });

  it('does not obey what is quoted or in code', () => {
    expect(classifyIntent('explain this:\n```sh\nfix everything\nrefactor now\n```').intent).toBe('analysis');
    expect(classifyIntent('count how often "fix the bug" and `refactor()` occur').intent).toBe('search');
  });

  it('takes a failing build for a complaint, not for an order to build', () => {
    expect(classifyIntent('build fails').intent).toBe('fix');
    expect(classifyIntent('build a cart').intent).toBe('default');
  });

  it('gives everything it cannot understand the full set of tools', () => {
    for (const message of ['', '   ', '???', '👍', 'constructor', '__proto__ hasOwnProperty', 'テストを追加してください']) {
      expect(classifyIntent(message)).toMatchObject({ intent: 'default', reasons: [] });
    }
  });

  it('hears the request at either end of a long paste', () => {
    const paste = 'lorem ipsum dolor '.repeat(50_000);
    expect(classifyIntent(`Refactor this text:\n${paste}`).intent).toBe('refactor');
    expect(classifyIntent(`${paste}\nPlease summarize that.`).intent).toBe('analysis');
  });

  it('answers any text, and the same text alike', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary', maxLength: 400 }), fc.constantFrom(...work)), (message) => {
        const answer = classifyIntent(message);
        expect(INTENTS).toContain(answer.intent);
        expect(classifyIntent(message)).toEqual(answer);
      }),
    );
  });

  it('never takes work for talk because somebody is polite about it', () => {
    const bareConsents = ['ok', 'yes please']; // "Thanks! ok" is talk indeed
    const taken = work
      .filter((message) => !bareConsents.includes(message))
      .flatMap((message) => ['Thanks! ', 'Hi, ', 'great job. ', 'Good morning!\n', 'ok cool, '].map((greeting) => greeting + message))
      .flatMap((message) => ['', ' Thanks!', '\nThank you so much', ' :)'].map((goodbye) => message + goodbye))
      .filter((message) => classifyIntent(message).intent === 'casual');
    expect(taken).toEqual([]);
  });

  it('takes at most 50 µs for a short message, and no hostile text makes it slow', () => {
    const short = work.filter((message) => message.length <= 80);
    const microsecondsEach = Math.min(...Array.from({ length: 30 }, () => cpuMicroseconds(() => short.forEach(classifyIntent)))) / short.length;
    expect(microsecondsEach).toBeLessThan(50);
    for (const part of ['-', ' ', '`', '"', "'s", '\n', '\n at ', 'do not ', 'a,', 'A', 'aaa-', '```\n']) {
      const hostile = part.repeat(1_000_000);
      expect(cpuMicroseconds(() => classifyIntent(hostile))).toBeLessThan(50_000);
    }
  });
});

/** CPU time rather than time on the wall, which other processes take part of. */
function cpuMicroseconds(action: () => void): number {
  const before = process.cpuUsage();
  action();
  return process.cpuUsage(before).user;
}
