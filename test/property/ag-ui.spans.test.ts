import type { HttpAgent } from '@ag-ui/client';
import fc from 'fast-check';
import { AnswerText } from '../../src/chat/loop/answer-text.js';
import { EMPTY_SNAPSHOT, foldSnapshot, type LoggedEvent, type RunEventBody } from '../../src/streaming/index.js';
import { type FinishedAgUiRun, runAgent, textOf, typesOf } from '../support/ag-ui-agent.js';
import { agentOf, agUiWire, approving, logged } from '../support/streaming/ag-ui-run.js';
import { cancelled, completed, failed, MESSAGE_ID, started, USAGE } from '../support/streaming/sample-events.js';

const words = fc.array(fc.string({ minLength: 1, maxLength: 4, unit: fc.constantFrom('a', '\n', '👋', ' ') }), { maxLength: 3 });
const callSpec = fc.record({ asks: fc.boolean(), ok: fc.boolean(), isCalled: fc.boolean() });
const iterationSpec = fc.record({
  attempts: fc.array(fc.record({ thoughts: words, texts: words }), { minLength: 1, maxLength: 3 }),
  calls: fc.array(callSpec, { maxLength: 3 }),
  isRepeated: fc.boolean(),
});
const runSpec = fc.record({
  iterations: fc.array(iterationSpec, { minLength: 1, maxLength: 4 }),
  afterwards: words,
  end: fc.constantFrom(completed(), failed(), cancelled()),
  endsAfter: fc.nat(40),
  forgotten: fc.option(fc.nat(40), { nil: undefined }),
  takenOverAfter: fc.option(fc.nat(40), { nil: undefined }),
  batchSize: fc.integer({ min: 1, max: 8 }),
});

type RunSpec = typeof runSpec extends fc.Arbitrary<infer Value> ? Value : never;

/** What the loop would write. Its text comes from where the loop's does. */
function eventsOf({ iterations, afterwards }: RunSpec): RunEventBody[] {
  const events: RunEventBody[] = [started()];
  const append = (body: RunEventBody): void => void events.push(body);
  const answer = new AnswerText(MESSAGE_ID, { lastSeq: 0, append, flush: async () => undefined });
  iterations.forEach(({ attempts, calls, isRepeated }, index) => {
    const iteration = { type: 'iteration.started', data: { iteration: index + 1, maxIterations: 9 } } as const;
    append(iteration);
    attempts.forEach(({ thoughts, texts }, attempt) => {
      if (attempt > 0) answer.discard('retry');
      thoughts.forEach((text) => append({ type: 'reasoning.delta', data: { messageId: MESSAGE_ID, text } }));
      texts.forEach((text) => answer.append(text));
      append({ type: 'run.phase', data: { phase: 'working' } });
    });
    if (isRepeated) {
      answer.discard('restart');
      append(iteration);
    }
    answer.keep();
    const called = calls.map((call, number) => ({ ...call, callId: `${index}-${number}`, name: 'write_file', input: { number } }));
    const asking = called.filter(({ asks }) => asks);
    asking.forEach(({ callId, name, input }, number) => append({ type: 'tool.approval_requested', data: { callId, name, input, expiresAt: '2099-01-01T00:00:00Z', remaining: asking.length - 1 - number } }));
    for (const { callId, name, input, ok, isCalled } of called) {
      if (isCalled) append({ type: 'tool.called', data: { callId, name, input, readOnly: false } });
      if (ok) append({ type: 'tool.succeeded', data: { callId, name, output: 'done', truncated: false, durationMs: 1 } });
      else append({ type: 'tool.failed', data: { callId, name, error: { code: 'denied', message: 'no' }, durationMs: 1 } });
    }
    append({ type: 'iteration.completed', data: { iteration: index + 1, usage: USAGE } });
  });
  afterwards.forEach((text) => answer.append(text));
  return events;
}

/** An instance that takes the run over tells by a snapshot what was said, as far as it is known. */
function takenOver(bodies: readonly RunEventBody[], after: number | undefined): RunEventBody[] {
  if (after === undefined || after >= bodies.length) return [...bodies];
  const before = bodies.slice(0, after);
  return [...before, { type: 'run.snapshot', data: foldSnapshot(logged(before).map(({ event }) => event)) }, ...bodies.slice(after)];
}

/** It may end anywhere, except between the taking back of text and its repetition, which are one. */
function endedEventsOf(spec: RunSpec): RunEventBody[] {
  const all = eventsOf(spec);
  const cut = Math.min(all.length, spec.endsAfter);
  return [...all.slice(0, all[cut - 1]?.type === 'text.discarded' ? cut - 1 : cut), spec.end];
}

describe('a run as AG-UI, whatever happens in it', () => {
  it('is what the client accepts: nothing is left open when it ends, and what it keeps is what was said', async () => {
    await fc.assert(
      fc.asyncProperty(runSpec, async (spec) => {
        const bodies = takenOver(endedEventsOf(spec), spec.takenOverAfter);
        const forgotten = Math.min(spec.forgotten ?? 0, bodies.length - 1);
        const events = logged(bodies);
        const snapshot = logged([{ type: 'run.snapshot', data: foldSnapshot(events.slice(0, forgotten).map(({ event }) => event), EMPTY_SNAPSHOT) }], forgotten);
        const kept = forgotten === 0 ? events : [...snapshot, ...events.slice(forgotten)];

        const { agent, run } = await watch(kept, spec.batchSize);
        expect(run.error).toBeUndefined(); // the client checks order and closing of spans
        expect(typesOf(run.events).at(-1)).toBe(spec.end.type === 'run.failed' ? 'RUN_ERROR' : 'RUN_FINISHED');
        expect(opened(run.events.map(({ type }) => type))).toEqual({ STEP: 0, TEXT_MESSAGE: 0, REASONING: 0, REASONING_MESSAGE: 0, TOOL_CALL: 0 });
        expect(textOf(agent.messages).join('\n\n')).toBe(foldSnapshot(events.slice(0, -1).map(({ event }) => event)).message.text);
        expect(unanswered(agent.messages)).toEqual([]);
        expect((await watch(kept, kept.length)).agent.messages).toEqual(agent.messages); // who comes late has the same
      }),
      { numRuns: 60 },
    );
  });
});

/** To the end, through all that a person is asked. */
async function watch(events: readonly LoggedEvent[], batchSize: number): Promise<{ agent: HttpAgent; run: FinishedAgUiRun }> {
  const agent = agentOf((body) => ({ pieces: [agUiWire(events, body, batchSize)] }), [{ id: 'u', role: 'user', content: 'Go.' }]);
  let run = await runAgent(agent, { runId: 'r0' });
  for (let number = 1; agent.pendingInterrupts.length > 0 && !run.error && number < events.length; number += 1) run = await runAgent(agent, { runId: `r${number}`, ...approving(agent) });
  return { agent, run };
}

/** The client lets RUN_ERROR come at any time; we close everything before it, too. */
function opened(types: readonly string[]): Record<string, number> {
  const count = (type: string): number => types.filter((each) => each === type).length;
  const difference = (span: string, begin = 'START', end = 'END'): number => count(`${span}_${begin}`) - count(`${span}_${end}`);
  return { STEP: difference('STEP', 'STARTED', 'FINISHED'), TEXT_MESSAGE: difference('TEXT_MESSAGE'), REASONING: difference('REASONING'), REASONING_MESSAGE: difference('REASONING_MESSAGE'), TOOL_CALL: difference('TOOL_CALL') };
}

function unanswered(messages: readonly { role: string; toolCalls?: readonly { id: string }[]; toolCallId?: string }[]): string[] {
  const answered = new Set(messages.map(({ toolCallId }) => toolCallId));
  return messages.flatMap(({ toolCalls = [] }) => toolCalls.map(({ id }) => id)).filter((id) => !answered.has(id));
}
