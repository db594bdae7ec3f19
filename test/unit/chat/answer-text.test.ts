import fc from 'fast-check';
import { AnswerText } from '../../../src/chat/loop/answer-text.js';
import type { RunEventBody } from '../../../src/streaming/index.js';

function recorded(): { answer: AnswerText; shown: () => string } {
  const events: RunEventBody[] = [];
  const writer = { lastSeq: 0, append: (body: RunEventBody) => void events.push(body), flush: async () => undefined };
  const shown = (): string => events.reduce((text, event) => (event.type === 'text.delta' ? text + event.data.text : event.type === 'text.discarded' ? '' : text), '');
  return { answer: new AnswerText('m', writer), shown };
}

describe('the answer text', () => {
  it('sets iterations apart as paragraphs', () => {
    const { answer, shown } = recorded();
    answer.append('Let me ');
    answer.append('look.');
    answer.keep();
    answer.append('Found it.');
    expect(answer.text).toBe('Let me look.\n\nFound it.');
    expect(shown()).toBe(answer.text);
  });

  it('takes back only what the present call said', () => {
    const { answer, shown } = recorded();
    answer.append('Kept.');
    answer.keep();
    answer.append('Half a sen');
    answer.discard('broken');
    expect(answer.text).toBe('Kept.');
    expect(shown()).toBe('Kept.');
  });

  it('is always what a client that follows the deltas shows', () => {
    const step = fc.oneof(fc.record({ append: fc.string({ minLength: 1 }) }), fc.constant('keep' as const), fc.constant('discard' as const));
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const { answer, shown } = recorded();
        for (const each of steps) {
          if (each === 'keep') answer.keep();
          else if (each === 'discard') answer.discard('again');
          else answer.append(each.append);
          expect(shown()).toBe(answer.text);
        }
      }),
    );
  });
});
