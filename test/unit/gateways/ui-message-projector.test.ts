import { jest } from '@jest/globals';
import { condense } from '../../../src/gateways/ai-sdk/condense.js';
import { SharedTellings } from '../../../src/gateways/ai-sdk/shared-tellings.js';
import type { UiMessageChunk } from '../../../src/gateways/ai-sdk/ui-message-chunk.js';
import { type Asking, projectEvent } from '../../../src/gateways/ai-sdk/ui-message-projector.js';
import { UiMessageStreamProtocol } from '../../../src/gateways/ai-sdk/ui-message.stream-protocol.js';
import { EMPTY_MESSAGE, type UiMessageState } from '../../../src/gateways/ai-sdk/ui-message-state.js';
import { EMPTY_SNAPSHOT, type LoggedEvent, type RunEventBody } from '../../../src/streaming/index.js';
import { cancelled, completed, delta, failed, MESSAGE_ID, recordedRun } from '../../support/streaming/sample-events.js';

const HEAD = { runId: 'r', conversationId: 'c', messageId: MESSAGE_ID };
const asks = (...answered: string[]): Asking => ({ isInProtocol: true, answered: new Set(answered) });

function log(bodies: readonly RunEventBody[]): LoggedEvent[] {
  return bodies.map((body, index) => ({ event: { ...body, runId: 'r', seq: index + 1, at: 0 }, json: '' }));
}

function chunksOf(bodies: readonly RunEventBody[], asking = asks()): UiMessageChunk[] {
  let state: UiMessageState = EMPTY_MESSAGE;
  return log(bodies).flatMap(({ event }) => {
    const told = projectEvent(state, event, asking);
    state = told.state;
    return told.chunks;
  });
}

/** What a part says, unless it was withdrawn. */
function textsOf(chunks: readonly UiMessageChunk[]): string[] {
  const texts = new Map<string, string>();
  for (const chunk of chunks) {
    if (chunk.type === 'text-delta') texts.set(chunk.id, (texts.get(chunk.id) ?? '') + chunk.delta);
    if (chunk.type === 'text-end' && chunk.providerMetadata) texts.delete(chunk.id);
  }
  return [...texts.values()];
}

const discarded: RunEventBody = { type: 'text.discarded', data: { messageId: MESSAGE_ID, reason: 'retry' } };
const reasoning = (text: string): RunEventBody => ({ type: 'reasoning.delta', data: { messageId: MESSAGE_ID, text } });
const called = (callId = 't1'): RunEventBody => ({ type: 'tool.called', data: { callId, name: 'read_file', input: {}, readOnly: true } });
const asked = (callId: string, remaining: number): RunEventBody => ({ type: 'tool.approval_requested', data: { callId, name: 'write_file', input: {}, expiresAt: 'then', remaining } });
const denied = (callId: string): RunEventBody => ({ type: 'tool.failed', data: { callId, name: 'write_file', error: { code: 'denied', message: 'No.' }, durationMs: 1 } });
const types = (chunks: readonly UiMessageChunk[]): string[] => chunks.map(({ type }) => type);

describe('text that is withdrawn', () => {
  it('is marked, and what stood before it is not shown twice though it is told twice', () => {
    const chunks = chunksOf([delta('One.'), called(), delta('\n\nTw'), delta('oo'), discarded, delta('One.'), delta('\n\nTwo.'), called(), delta('\n\nThree.'), completed()]);
    expect(textsOf(chunks)).toEqual(['One.', 'Two.', 'Three.']);
  });

  it('may be withdrawn again while what stood is being told again', () => {
    expect(textsOf(chunksOf([delta('One.'), called(), delta('\n\nTw'), discarded, delta('On'), discarded, delta('One.'), delta('\n\nTwo.')]))).toEqual(['One.', 'Two.']);
  });

  it('takes the thoughts that led to it along', () => {
    const ends = chunksOf([reasoning('Hm.'), delta('Wrong'), discarded, reasoning('Ah.'), delta('Right'), completed()]).filter(({ type }) => type.endsWith('-end'));
    expect(ends.map((end) => ('providerMetadata' in end ? end.providerMetadata : undefined))).toEqual([{ lomu: { discarded: true } }, { lomu: { discarded: true } }, undefined, undefined]);
  });

  it('is nothing to those who come later', () => {
    const chunks = condense(chunksOf([reasoning('Hm.'), delta('Wro'), delta('ng'), discarded, delta('Rig'), { type: 'run.phase', data: { phase: 'working' } }, delta('ht')]));
    expect(chunks).toEqual([expect.objectContaining({ type: 'text-start', id: '3' }), { type: 'text-delta', id: '3', delta: 'Right' }, expect.objectContaining({ type: 'data-phase' })]);
  });
});

describe('parts', () => {
  it('are closed by whatever is no part of them, and once', () => {
    for (const end of [called(), asked('t1', 0), completed(), failed(), cancelled(), { type: 'iteration.completed', data: { iteration: 1, usage: {} } } as unknown as RunEventBody]) {
      const chunks = chunksOf([reasoning('Hm.'), delta('Yes'), end]);
      expect(types(chunks).filter((type) => type.endsWith('-end'))).toEqual(['reasoning-end', 'text-end']);
    }
  });

  it('begin with their first word: empty lines between iterations show nothing', () => {
    expect(types(chunksOf([delta('\n\n')]))).toEqual([]);
    expect(textsOf(chunksOf([delta('\n\n'), delta('\nA\n'), delta('\nB')]))).toEqual(['A\n\nB']);
  });
});

describe('the end of a run', () => {
  it('is the last thing told, whatever follows', () => {
    const after = (end: RunEventBody): string[] => types(chunksOf([delta('A'), end, delta('B'), end]));
    expect(after(completed()).slice(3)).toEqual(['finish']);
    expect(after(failed()).slice(3)).toEqual(['message-metadata', 'error']);
    expect(after(cancelled()).slice(3)).toEqual(['abort', 'finish']);
  });

  it('has a reason that every version of the client knows', () => {
    const reasonOf = (finishReason: string): unknown => {
      const last = chunksOf([{ type: 'run.completed', data: { ...completed().data, finishReason } } as RunEventBody]).at(-1);
      return last?.type === 'finish' && last.finishReason;
    };
    expect(['stop', 'length', 'iterations', 'credits', 'no_progress', 'session_limit'].map(reasonOf)).toEqual(['stop', 'length', 'other', 'other', 'other', 'other']);
  });
});

describe('questions', () => {
  it('end the stream with the last of those asked together', () => {
    expect(types(chunksOf([asked('a', 1), asked('b', 0), called('a')]))).toEqual(['tool-input-available', 'tool-approval-request', 'tool-input-available', 'tool-approval-request', 'finish']);
  });

  it('that have their answers are passed, and a no is one that was given', () => {
    const chunks = chunksOf([asked('a', 1), asked('b', 0), called('a'), called('b'), denied('b'), denied('c'), completed()], asks('a', 'b'));
    expect(types(chunks)).toEqual([...Array<string>(4).fill('tool-input-available'), 'tool-output-denied', 'tool-output-error', 'finish']);
  });

  it('of which some have an answer end it too', () => {
    expect(types(chunksOf([asked('a', 1), asked('b', 0)], asks('b'))).slice(-2)).toEqual(['tool-input-available', 'finish']);
  });

  it('do not end it for a client without a word for them', () => {
    const asking = { isInProtocol: false, answered: new Set<string>() };
    expect(types(chunksOf([asked('a', 0), denied('a'), completed()], asking))).toEqual(['tool-input-available', 'data-approval', 'tool-output-error', 'finish']);
  });

  it('answered by the request are not shown again: the message goes on behind them', () => {
    const protocol = new UiMessageStreamProtocol(HEAD, asks('a', 'b'), new SharedTellings(), ['a', 'b']);
    const run = log([delta('A'), asked('a', 1), asked('b', 0), called('a'), completed()]);
    expect(protocol.frames(run.slice(0, 2))).toEqual([]);
    expect(protocol.frames(run.slice(2, 3)).map(({ data }) => JSON.parse(data as string).type)).toEqual(['start']);
    expect(protocol.frames(run.slice(3)).map(({ data }) => (data === '[DONE]' ? data : JSON.parse(data as string).type))).toEqual(['tool-input-available', 'finish', '[DONE]']);
  });

  it('that still wait when others are answered end the stream again', () => {
    const protocol = new UiMessageStreamProtocol(HEAD, asks('a'), new SharedTellings(), ['a']);
    const frames = protocol.frames(log([delta('A'), asked('a', 1), asked('b', 0)]));
    expect(frames.map(({ data }) => (data === '[DONE]' ? data : JSON.parse(data as string).type))).toEqual(['start', 'finish', '[DONE]']);
    expect(protocol.isOver).toBe(true);
  });
});

describe('a snapshot', () => {
  const snapshot = (status: string): RunEventBody => ({
    type: 'run.snapshot',
    data: {
      ...EMPTY_SNAPSHOT,
      message: { id: MESSAGE_ID, text: 'So far' },
      reasoning: 'Hm.',
      toolCalls: [
        { callId: 'a', name: 'read_file', input: {}, readOnly: true, status: 'succeeded', output: 'x' },
        { callId: 'b', name: 'write_file', input: {}, readOnly: false, status: 'failed', error: { code: 'x', message: 'y' } },
        ...(status === 'waiting' ? [{ callId: 'c', name: 'write_file', input: {}, readOnly: false, status: 'waiting' as const }] : []),
      ],
      status,
    },
  });

  it('begins a message, which goes on from there', () => {
    const chunks = condense(chunksOf([snapshot('running'), delta(', so good'), completed()]));
    expect(textsOf(chunks)).toEqual(['So far, so good']);
    expect(types(chunks)).toEqual(expect.arrayContaining(['tool-output-available', 'tool-output-error', 'reasoning-delta', 'finish']));
  });

  it('of a run that waits asks what it asks', () => {
    expect(types(chunksOf([snapshot('waiting')])).slice(-3)).toEqual(['tool-approval-request', 'finish-step', 'finish']);
  });

  it('in the middle of a message ends the stream with an error, because what it repeats cannot be told from what is new', () => {
    const chunks = chunksOf([delta('So f'), snapshot('running'), delta(', so good')]);
    expect(chunks.at(-1)).toMatchObject({ type: 'error', errorText: expect.stringMatching(/\(stream_interrupted\)$/) });
  });
});

describe('many viewers of one run', () => {
  it('get the very same frames, made once, whenever they came', () => {
    const run = log(recordedRun());
    const tellings = new SharedTellings();
    const [first, second, late] = Array.from({ length: 3 }, () => new UiMessageStreamProtocol(HEAD, asks(), tellings)) as [UiMessageStreamProtocol, UiMessageStreamProtocol, UiMessageStreamProtocol];
    const tell = (protocol: UiMessageStreamProtocol, events: LoggedEvent[]): unknown[] => protocol.frames(events).map(({ data }) => data);
    const stringify = jest.spyOn(JSON, 'stringify');
    const isSharedBy = (viewers: UiMessageStreamProtocol[], event: LoggedEvent): number => {
      const frames = viewers.map((viewer) => {
        const before = stringify.mock.calls.length;
        const told = tell(viewer, [event]);
        return { told, made: stringify.mock.calls.length - before };
      });
      expect(frames.every(({ told }) => told.join() === frames[0]?.told.join())).toBe(true);
      return frames.slice(1).reduce((sum, { made }) => sum + made, 0);
    };
    try {
      expect(isSharedBy([first, second], run[0] as LoggedEvent)).toBe(1); // the second's own start
      for (const event of run.slice(1, 9)) expect(isSharedBy([first, second], event)).toBe(0);
      tell(late, run.slice(0, 9));
      for (const event of run.slice(9)) expect(isSharedBy([first, second, late], event)).toBe(0);
    } finally {
      stringify.mockRestore();
    }
  });
});
