import { EMPTY_SNAPSHOT, foldSnapshot, type RunEvent, type RunEventBody } from '../../../src/streaming/index.js';
import { cancelled, completed, delta, failed, MESSAGE_ID, recordedRun, started } from '../../support/streaming/sample-events.js';

const fold = (...bodies: RunEventBody[]) => foldSnapshot(number(bodies));

describe('foldSnapshot', () => {
  it('shows the whole run: text, reasoning, tools and how it ended', () => {
    expect(fold(...recordedRun())).toEqual({
      status: 'completed',
      phase: 'complete',
      intent: 'fix',
      model: 'offline/planner',
      conversationId: 'c1',
      message: { id: MESSAGE_ID, text: '👋 hello world' },
      reasoning: '',
      toolCalls: [{ callId: 't1', name: 'read_file', input: { path: 'a\nb' }, readOnly: true, status: 'succeeded', output: ': no comment\n' }],
      iteration: 1,
    });
  });

  it('gives the same whether folded at once or cut anywhere', () => {
    const events = number(recordedRun());
    for (let cut = 0; cut <= events.length; cut++) {
      expect(foldSnapshot(events.slice(cut), foldSnapshot(events.slice(0, cut)))).toEqual(foldSnapshot(events));
    }
  });

  it('begins as a queued run of which nothing is known', () => {
    expect(fold()).toBe(EMPTY_SNAPSHOT);
    expect(fold({ type: 'run.queued', data: { position: 3 } }).status).toBe('queued');
    expect(fold(started()).status).toBe('running');
  });

  it('drops the text of a discarded message, and nothing when another one was discarded', () => {
    const discard = (messageId: string): RunEventBody => ({ type: 'text.discarded', data: { messageId, reason: 'retry' } });
    expect(fold(delta('old'), discard(MESSAGE_ID), delta('new')).message.text).toBe('new');
    expect(fold(delta('old'), discard('another'), delta(' and new')).message.text).toBe('old and new');
  });

  it('shows the newer of two messages', () => {
    expect(fold(delta('first', 'm1'), delta('second', 'm2'), delta(' too', 'm2')).message).toEqual({ id: 'm2', text: 'second too' });
  });

  it('follows a tool call through approval to its failure', () => {
    const call = { callId: 't1', name: 'run_command', input: { command: 'rm' } };
    const asked = fold({ type: 'tool.approval_requested', data: { ...call, expiresAt: '2026-01-01T00:00:00.000Z' } });
    const called = foldSnapshot(number([{ type: 'tool.called', data: { ...call, readOnly: false } }]), asked);
    const refused = foldSnapshot(number([{ type: 'tool.failed', data: { callId: 't1', name: 'run_command', error: { code: 'denied', message: 'no' }, durationMs: 1 } }]), called);
    expect([asked, called, refused].map(({ toolCalls }) => toolCalls.map(({ status }) => status))).toEqual([['waiting'], ['running'], ['failed']]);
    expect(refused.toolCalls[0]).toMatchObject({ ...call, error: { code: 'denied', message: 'no' } });
  });

  it.each([['completed', completed('all')], ['cancelled', cancelled('half')], ['failed', failed()]] as const)('ends %s', (status, terminal) => {
    expect(fold(delta('x'), terminal).status).toBe(status);
  });

  it('changes no snapshot that somebody holds', () => {
    const before = fold(started(), delta('a'));
    const copy = structuredClone(before);
    foldSnapshot(number(recordedRun()), before);
    expect(before).toEqual(copy);
  });
});

function number(bodies: readonly RunEventBody[]): RunEvent[] {
  return bodies.map((body, index) => ({ ...body, runId: 'r', seq: index + 1, at: 0 }));
}
