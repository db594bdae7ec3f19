import { writeBrief } from '../../../src/chat/architect/architect-brief.js';
import type { RunStep } from '../../../src/chat/loop/run-step.js';

function step(iteration: number, output: string): RunStep {
  const call = { callId: `c${iteration}`, name: 'run_tests', input: { path: `t${iteration}` } };
  return {
    iteration,
    answer: { role: 'model', text: `Try ${iteration}.`, toolCalls: [call], raw: { model: 'gemini/x', parts: [{ thoughtSignature: 'secret' }] } },
    results: [{ callId: call.callId, name: call.name, ok: false, output }],
  };
}

describe('the brief for the architect', () => {
  it('has goal, question, and what was done with how it went, and nothing that is signed', () => {
    const brief = writeBrief({ goal: 'Fix the cart', question: 'The same error stays.', steps: [step(1, 'expected 1, got 2')] }, 10_000);
    expect(brief).toBe('# Goal\nFix the cart\n\n# Question\nThe same error stays.\n\n# What was done\n## Step 1\nTry 1.\n- run_tests {"path":"t1"}\n  failed: expected 1, got 2');
  });

  it('architect.maxBriefCharacters: leaves out the oldest steps, and says so', () => {
    const steps = Array.from({ length: 40 }, (_, index) => step(index + 1, 'x'.repeat(500)));
    const whole = writeBrief({ goal: 'g', question: 'q', steps }, 100_000);
    expect(writeBrief({ goal: 'g', question: 'q', steps }, whole.length + 30)).toBe(whole);
    const brief = writeBrief({ goal: 'g', question: 'q', steps }, 2_000);
    expect(brief.length).toBeLessThanOrEqual(2_000);
    expect(brief).toContain('[earlier steps left out]');
    expect(brief).toContain('## Step 40');
    expect(brief).not.toContain('## Step 1\n');
  });

  it('keeps both ends of what is too long', () => {
    const brief = writeBrief({ goal: `begin${'x'.repeat(5_000)}end`, question: 'q', steps: [] }, 1_000);
    expect(brief.length).toBeLessThanOrEqual(1_000);
    expect(brief).toMatch(/# Goal\nbeginx.*xend/s);
    expect(brief).toContain('Nothing yet.');
  });
});
