import fc from 'fast-check';
import { currentContents } from '../../src/chat/context/context-digest.js';
import type { RunStep } from '../../src/chat/loop/run-step.js';

const results = fc.array(fc.record({ ok: fc.boolean(), output: fc.string({ maxLength: 200 }) }), { maxLength: 4 });
const steps = fc.array(results, { maxLength: 12 }).map((all) =>
  all.map((outcomes, index): RunStep => {
    const calls = outcomes.map((_, position) => ({ callId: `${index}.${position}`, name: 'read_file', input: {} }));
    return {
      iteration: index + 1,
      answer: { role: 'model', text: calls.length === 0 ? 'words' : '', toolCalls: calls, raw: { model: 'gemini/x', parts: [{ thoughtSignature: String(index) }] } },
      results: outcomes.map((outcome, position) => ({ ...outcome, callId: `${index}.${position}`, name: 'read_file' })),
    };
  }),
);
const digest = fc.record({
  maskedSteps: fc.nat(14),
  summary: fc.option(fc.record({ text: fc.string(), steps: fc.nat(14) }), { nil: undefined }),
});

test('whatever is masked or summed up, a call and its response stay together, and kept answers are the very same', () => {
  fc.assert(
    fc.property(steps, digest, (run, given) => {
      const contents = currentContents('Goal', run, given);
      expect(contents[0]).toMatchObject({ role: 'user', text: expect.stringContaining('Goal') });
      contents.forEach((content, index) => {
        if (content.role === 'model') {
          expect(run.some(({ answer }) => answer === content)).toBe(true); // raw parts and signatures untouched
          const next = contents[index + 1];
          const responses = next?.role === 'tool' ? next.results.map(({ callId }) => callId) : [];
          expect(responses).toEqual(content.toolCalls.map(({ callId }) => callId));
        }
        if (content.role === 'tool') expect(contents[index - 1]?.role).toBe('model');
      });
      const kept = contents.filter(({ role }) => role === 'model').length;
      expect(kept).toBe(Math.max(0, run.length - (given.summary?.steps ?? 0)));
    }),
  );
});
