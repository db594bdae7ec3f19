import { TokenEstimator } from '../../../src/billing/index.js';
import { type Prompt, PromptBuilder } from '../../../src/chat/loop/prompt-builder.js';
import type { RunStep } from '../../../src/chat/loop/run-step.js';
import { LAST_ITERATION_NUDGE } from '../../../src/chat/loop/system-prompt.js';
import type { ModelContent } from '../../../src/models/index.js';
import { ToolRegistry } from '../../../src/tools/index.js';
import { scriptedTool } from '../../support/tools/scripted-tool.js';

const builder = new PromptBuilder(new ToolRegistry([scriptedTool({ name: 'read_file' }), scriptedTool({ name: 'search_text' }), scriptedTool({ name: 'edit_file', readOnly: false })]), new TokenEstimator());
const PLENTY = 100_000;

function build(prompt: Partial<Prompt>, maxContextTokens = PLENTY) {
  return builder.build({ intent: 'analysis', history: [], userMessage: 'What now?', steps: [], isLastIteration: false, maxOutputTokens: 1_000, ...prompt }, maxContextTokens);
}

function step(iteration: number, output: string): RunStep {
  const callId = `call-${iteration}`;
  return { iteration, answer: { role: 'model', text: '', toolCalls: [{ callId, name: 'read_file', input: { text: 'a' } }] }, results: [{ callId, name: 'read_file', ok: true, output }] };
}

function words(count: number): string {
  return 'word '.repeat(count);
}

const HISTORY: readonly ModelContent[] = [1, 2, 3].flatMap((n): ModelContent[] => [
  { role: 'user', text: `question ${n} ${words(100)}` },
  { role: 'model', text: `answer ${n} ${words(100)}`, toolCalls: [] },
]);

function textsOf(contents: readonly ModelContent[]): string[] {
  return contents.map((content) => (content.role === 'tool' ? 'results' : content.text.split(' ').slice(0, 2).join(' ')));
}

describe('history', () => {
  it('is kept whole when it fits exactly, and loses its oldest message one token below', () => {
    const whole = build({ history: HISTORY });
    expect(build({ history: HISTORY }, whole.estimatedInputTokens).droppedMessages).toBe(0);
    const less = build({ history: HISTORY }, whole.estimatedInputTokens - 1);
    expect(textsOf(less.request.contents)).toEqual(['question 2', 'answer 2', 'question 3', 'answer 3', 'What now?']);
    expect(less.droppedMessages).toBe(2); // the answer to the dropped question goes along: no conversation begins with an answer
  });

  it('never begins with an answer, and never takes more than it may, whatever the space', () => {
    const whole = build({ history: HISTORY }).estimatedInputTokens;
    const least = build({}).estimatedInputTokens;
    for (let space = least; space <= whole; space += 7) {
      const { request, estimatedInputTokens } = build({ history: HISTORY }, space);
      expect(request.contents[0]?.role).toBe('user');
      expect(estimatedInputTokens).toBeLessThanOrEqual(space);
    }
  });

  it('goes altogether before anything of the present message, whose true size is told even when it is too much', () => {
    const { request, estimatedInputTokens } = build({ history: HISTORY, userMessage: words(500) }, 100);
    expect(request.contents).toEqual([{ role: 'user', text: words(500) }]);
    expect(estimatedInputTokens).toBeGreaterThan(500);
  });
});

describe('steps', () => {
  it('give each call its response right behind it', () => {
    const { request } = build({ steps: [step(1, 'one'), step(2, 'two')] });
    expect(request.contents.map((content) => content.role)).toEqual(['user', 'model', 'tool', 'model', 'tool']);
    for (const [index, content] of request.contents.entries()) {
      if (content.role !== 'model') continue;
      const next = request.contents[index + 1];
      expect(next?.role === 'tool' && next.results.map((result) => result.callId)).toEqual(content.toolCalls.map((call) => call.callId));
    }
  });

  it('lose what their oldest tools said when there is no space, never the newest results and never a call', () => {
    const steps = [step(1, words(1_000)), step(2, words(1_000)), step(3, words(1_000))];
    const whole = build({ steps }).estimatedInputTokens;
    const outputsAt = (space: number) => build({ steps }, space).request.contents.flatMap((content) => (content.role === 'tool' ? content.results.map((result) => result.output.slice(0, 4)) : []));
    expect(outputsAt(whole)).toEqual(['word', 'word', 'word']);
    expect(outputsAt(whole - 1)).toEqual(['[Lef', 'word', 'word']);
    expect(outputsAt(whole - 1_200)).toEqual(['[Lef', '[Lef', 'word']);
    expect(outputsAt(1)).toEqual(['[Lef', '[Lef', 'word']);
    expect(build({ steps }, whole - 1).estimatedInputTokens).toBeLessThan(whole);
    expect(build({ steps }, 1).request.contents.map((content) => content.role)).toEqual(['user', 'model', 'tool', 'model', 'tool', 'model', 'tool']);
  });

  it('keep the signed parts of their answers', () => {
    const signed: RunStep = { ...step(1, 'one'), answer: { ...step(1, 'one').answer, raw: { model: 'gemini/x', parts: [{ thoughtSignature: 'abc' }] } } };
    expect(JSON.stringify(build({ steps: [signed] }).request)).toContain('thoughtSignature');
  });
});

describe('what the model is told besides', () => {
  it('stands after the tool results, never between a call and its response', () => {
    const { request } = build({ steps: [step(1, 'one')], nudge: 'Do something else.' });
    expect(request.contents.at(-1)).toMatchObject({ role: 'tool', nudge: 'Do something else.', results: [{ output: 'one' }] });
    expect(build({ nudge: 'Answer.' }).request.contents.at(-1)).toEqual({ role: 'user', text: 'Answer.' });
  });

  it('in the last iteration is to answer, and no tools are offered', () => {
    const last = build({ steps: [step(1, 'one')], isLastIteration: true, nudge: 'Hurry.' }).request;
    expect(last).toMatchObject({ tools: [], toolMode: 'none' });
    expect(last.contents.at(-1)).toMatchObject({ nudge: `Hurry.\n${LAST_ITERATION_NUDGE}` });
    expect(build({ isLastIteration: true }).request.contents).toEqual([{ role: 'user', text: 'What now?' }]); // a first and only step needs no such words
  });
});

describe('tools', () => {
  const namesOf = (prompt: Partial<Prompt>) => build(prompt).request.tools.map((tool) => tool.name);

  it('are all offered, unless a restriction leaves some out', () => {
    expect(namesOf({})).toEqual(['read_file', 'search_text', 'edit_file']);
    expect(namesOf({ restriction: { kind: 'acting_tools_only' } })).toEqual(['edit_file']);
    expect(namesOf({ restriction: { kind: 'blocked_calls', names: ['read_file'] } })).toEqual(['read_file', 'search_text', 'edit_file']); // single calls are refused, not the tool
    expect(build({}).request.toolMode).toBe('auto');
  });

  it('are all offered rather than none when there is none that acts', () => {
    const reading = new PromptBuilder(new ToolRegistry([scriptedTool({ name: 'read_file' })]), new TokenEstimator());
    const { request } = reading.build({ intent: 'fix', history: [], userMessage: 'Go', steps: [], isLastIteration: false, maxOutputTokens: 1, restriction: { kind: 'acting_tools_only' } }, PLENTY);
    expect(request.tools.map((tool) => tool.name)).toEqual(['read_file']);
  });
});
