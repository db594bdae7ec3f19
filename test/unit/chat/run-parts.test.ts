import { startDeadline } from '../../../src/chat/loop/deadline.js';
import { RunStopped } from '../../../src/chat/loop/run-stopped.js';
import { addModelCall, NO_TOTALS, tokensPerSecond, toRunUsage } from '../../../src/chat/loop/run-totals.js';
import { signalOfResponse } from '../../../src/chat/loop/failure-signals.js';
import { ActiveRuns } from '../../../src/chat/runs/active-runs.js';
import { DisconnectWatch } from '../../../src/chat/runs/disconnect-watch.js';
import { terminalEvent } from '../../../src/chat/runs/run-outcome.js';
import { storableJson, storableText } from '../../../src/chat/runs/storable.js';
import { NO_USAGE } from '../../../src/common/index.js';
import type { ModelResponse } from '../../../src/models/index.js';
import { RunViewers } from '../../../src/streaming/index.js';
import { FakeClock } from '../../support/fake-clock.js';
import { FixedLimits } from '../../support/streaming/fixed-limits.js';

describe('a deadline', () => {
  const timeout = () => new RunStopped('iteration_timeout', 'too long');

  it('aborts with its reason when the time is up, not a moment before', async () => {
    const clock = new FakeClock();
    const deadline = startDeadline(clock, new AbortController().signal, 100, timeout);
    await clock.advance(99);
    expect(deadline.signal.aborted).toBe(false);
    await clock.advance(1);
    expect(deadline.signal.reason).toMatchObject({ stopCause: 'iteration_timeout' });
  });

  it('aborts with its parent and for the same reason, also when that has happened before', () => {
    const clock = new FakeClock();
    const parent = new AbortController();
    const deadline = startDeadline(clock, parent.signal, 100, timeout);
    const reason = new RunStopped('cancelled', 'user');
    parent.abort(reason);
    expect(deadline.signal.reason).toBe(reason);
    expect(startDeadline(clock, parent.signal, 100, timeout).signal.reason).toBe(reason);
  });

  it('leaves nothing behind when cleared', async () => {
    const clock = new FakeClock();
    const parent = new AbortController();
    const deadline = startDeadline(clock, parent.signal, 100, timeout);
    deadline.clear();
    parent.abort(new RunStopped('cancelled', 'user'));
    await clock.advance(1_000);
    expect(deadline.signal.aborted).toBe(false);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('totals of a run', () => {
  it('add up calls, and count tool-use tokens among the input', () => {
    const usage = { ...NO_USAGE, inputTokens: 100, toolUseInputTokens: 10, cachedInputTokens: 50, outputTokens: 20, reasoningTokens: 5 };
    const call = { usage, chargedNanoUsd: 7n, generationMs: 500 };
    const totals = addModelCall(addModelCall(NO_TOTALS, call), call);
    expect(totals).toMatchObject({ modelCalls: 2, chargedNanoUsd: 14n, generationMs: 1_000 });
    expect(toRunUsage(totals, 3_000)).toEqual({
      inputTokens: 220, cachedInputTokens: 100, outputTokens: 40, reasoningTokens: 10, totalTokens: 270,
      modelCalls: 2, toolCalls: 0, durationMs: 3_000, timeToFirstTokenMs: null, tokensPerSecond: 50,
    });
    expect(NO_TOTALS.modelCalls).toBe(0);
  });

  it('have no speed when nothing was generated, or in no time', () => {
    expect(tokensPerSecond(NO_TOTALS)).toBeNull();
    expect(tokensPerSecond({ ...NO_TOTALS, usage: { ...NO_USAGE, outputTokens: 5 } })).toBeNull();
  });
});

describe('the terminal event', () => {
  const message = { id: 'm', text: 'so far' };
  const usage = toRunUsage(NO_TOTALS, 1);
  const billing = { credits: 0, creditsNanoUsd: '0', estimatedCredits: 0, balance: 1, formatted: '' } as never;

  it('is one per outcome, with what its client needs', () => {
    expect(terminalEvent({ status: 'completed', finishReason: 'stop' }, message, usage, billing)).toMatchObject({ type: 'run.completed', data: { finishReason: 'stop', message } });
    const error = { code: 'x', message: 'y', retryable: true };
    expect(terminalEvent({ status: 'failed', error }, message, usage, billing)).toMatchObject({ type: 'run.failed', data: { error } });
    expect(terminalEvent({ status: 'cancelled', reason: 'user' }, message, usage, billing)).toMatchObject({ type: 'run.cancelled', data: { reason: 'user', message } });
  });
});

describe('what can be stored', () => {
  it('is any text, with U+0000 and half pairs replaced', () => {
    expect(storableText('a\0b\ud83d c😀')).toBe('a\ufffdb\ufffd c😀');
  });

  it('is any JSON: itself when nothing has to be replaced, else a copy, keys included', () => {
    const fine = { text: 'fine \\u0000 as it is escaped', list: [1, null, '😀'] };
    expect(storableJson(fine)).toEqual(fine);
    const bad = { 'k\0': ['\0', { deep: '\udc00' }], __proto__: null };
    expect(storableJson(bad)).toEqual({ 'k\ufffd': ['\ufffd', { deep: '\ufffd' }] });
    expect(bad['k\0']).toBeDefined();
    expect(storableJson(undefined)).toBeUndefined();
  });
});

describe('an answer', () => {
  const response = (text: string, calls: number): ModelResponse =>
    ({ answer: { role: 'model', text, toolCalls: Array.from({ length: calls }, (_, n) => ({ callId: `${n}`, name: 'x', input: {} })) }, finishReason: 'stop', rawFinishReason: 'STOP', usage: NO_USAGE });

  it('that only calls tools is none where none were offered: a run ends with words', () => {
    expect(signalOfResponse(response('', 1), true)).toBeUndefined();
    expect(signalOfResponse(response('', 1), false)).toMatchObject({ kind: 'empty_answer' });
    expect(signalOfResponse(response('words', 1), false)).toBeUndefined();
    expect(signalOfResponse(response(' \n', 0), true)).toMatchObject({ kind: 'empty_answer' });
  });
});

describe('active runs', () => {
  it('are stopped by whoever asks; a second registration takes nothing from the first when it goes', () => {
    const runs = new ActiveRuns();
    const first = runs.add('a');
    const second = runs.add('a');
    first.remove();
    expect(runs.stop('a', new RunStopped('cancelled', 'user'))).toBe(true);
    expect(second.signal.aborted).toBe(true);
    second.remove();
    expect(runs.count).toBe(0);
    expect(runs.stop('a', new RunStopped('cancelled', 'user'))).toBe(false);
  });
});

describe('onDisconnect: cancel', () => {
  const setUp = (onDisconnect = 'cancel') => {
    const clock = new FakeClock();
    const viewers = new RunViewers();
    const presence = new DisconnectWatch(viewers, new FixedLimits({ 'stream.disconnectGraceMs': 1_000 }), clock).watch({ id: 'run', onDisconnect });
    return { clock, viewers, presence };
  };

  it('stream.disconnectGraceMs: stops a run that nobody came to watch at it and not before', async () => {
    const { clock, presence } = setUp();
    await clock.advance(999);
    expect(presence.signal.aborted).toBe(false);
    await clock.advance(1);
    expect(presence.signal.reason).toMatchObject({ stopCause: 'cancelled', detail: 'disconnected' });
  });

  it('goes on while somebody watches on another instance, or nobody can say', async () => {
    const clock = new FakeClock();
    let elsewhere: 'watched' | 'unknown' | 'nobody' = 'watched';
    const isWatchedElsewhere = async (): Promise<boolean> => (elsewhere === 'unknown' ? Promise.reject(new Error('away')) : elsewhere === 'watched');
    const viewers = new RunViewers({ enter: () => undefined, leave: () => undefined, close: () => undefined, isWatchedElsewhere });
    const presence = new DisconnectWatch(viewers, new FixedLimits({ 'stream.disconnectGraceMs': 1_000 }), clock).watch({ id: 'run', onDisconnect: 'cancel' });
    await clock.advance(5_000);
    elsewhere = 'unknown';
    await clock.advance(5_000);
    expect(presence.signal.aborted).toBe(false);
    elsewhere = 'nobody';
    await clock.advance(1_000);
    expect(presence.signal.aborted).toBe(true);
  });

  it('goes on while somebody watches, and through a reconnect within the grace', async () => {
    const { clock, viewers, presence } = setUp();
    const leave = viewers.enter('run');
    const alsoLeave = viewers.enter('run');
    await clock.advance(5_000);
    leave();
    leave();
    await clock.advance(5_000);
    expect(viewers.count('run')).toBe(1);
    alsoLeave();
    await clock.advance(999);
    const comeBack = viewers.enter('run');
    await clock.advance(5_000);
    expect(presence.signal.aborted).toBe(false);
    comeBack();
    await clock.advance(1_000);
    expect(presence.signal.aborted).toBe(true);
  });

  it('leaves nothing behind when the run has ended', () => {
    const { clock, viewers, presence } = setUp();
    presence.release();
    viewers.enter('run')();
    expect(clock.pendingTimers).toBe(0);
  });

  it('is not the default', async () => {
    const { clock, presence } = setUp('continue');
    await clock.advance(60_000);
    expect(presence.signal.aborted).toBe(false);
  });
});
