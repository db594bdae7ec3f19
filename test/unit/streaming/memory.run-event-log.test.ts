import { jest } from '@jest/globals';
import { MemoryRunEventLog } from '../../../src/streaming/log/memory.run-event-log.js';
import { describeRunEventLog } from '../../conformance/run-event-log.conformance.js';
import { FakeClock } from '../../support/fake-clock.js';
import { FixedLimits } from '../../support/streaming/fixed-limits.js';
import { completed, delta, started } from '../../support/streaming/sample-events.js';

describeRunEventLog('memory', async () => {
  const log = new MemoryRunEventLog(new FakeClock(), new FixedLimits());
  return { log, close: async () => log.onModuleDestroy() };
});

describe('MemoryRunEventLog', () => {
  const RETENTION_MS = 60_000;
  let clock: FakeClock;
  let limits: FixedLimits;
  let log: MemoryRunEventLog;

  beforeEach(() => {
    clock = new FakeClock();
    limits = new FixedLimits({ 'stream.replayRetentionMs': RETENTION_MS, 'stream.maxEventsPerRun': 100, 'stream.maxEventsPerInstance': 1_000 });
    log = new MemoryRunEventLog(clock, limits);
  });
  afterEach(() => log.onModuleDestroy());

  async function endRun(runId: string, deltas = 0): Promise<void> {
    const writer = await log.openWriter(runId, 1, 0);
    for (let n = 0; n < deltas; n++) writer.append(delta('x'));
    writer.append(completed());
  }
  const stateOf = async (runId: string): Promise<string> => (await log.read(runId, 0, 1)).state;

  it('stamps events with the time of the clock', async () => {
    const writer = await log.openWriter('r', 1, 0);
    await clock.advance(5);
    writer.append(started());
    expect((await log.read('r', 0, 1)).events[0]?.event.at).toBe(clock.now());
  });

  it('wakes a watcher once for all events of one turn, though they come in different microtasks', async () => {
    const writer = await log.openWriter('r', 1, 0);
    await turn();
    let calls = 0;
    log.watch('r', () => calls++);
    for (let n = 0; n < 5; n++) {
      writer.append(delta('x'));
      await Promise.resolve();
    }
    await turn();
    expect(calls).toBe(1);
  });

  it('serialises nothing until it is read, and then once', async () => {
    const stringify = jest.spyOn(JSON, 'stringify');
    try {
      const writer = await log.openWriter('r', 1, 0);
      for (let n = 0; n < 50; n++) writer.append(delta('x'));
      expect(stringify).toHaveBeenCalledTimes(0);
      for (let reader = 0; reader < 20; reader++) (await log.read('r', 0, 100)).events.forEach(({ json }) => expect(json).toContain('"x"'));
      expect(stringify).toHaveBeenCalledTimes(50);
    } finally {
      stringify.mockRestore();
    }
  });

  describe('I8: its bounds', () => {
    it('stream.replayRetentionMs: forgets an ended run at it and not before, and no other', async () => {
      await endRun('first');
      await clock.advance(RETENTION_MS / 2);
      await endRun('second');
      await (await log.openWriter('going on', 1, 0)).flush();
      await clock.advance(RETENTION_MS / 2 - 1);
      expect(await stateOf('first')).not.toBe('gone');
      await clock.advance(1);
      expect(await stateOf('first')).toBe('gone');
      expect(await stateOf('second')).not.toBe('gone');
      await clock.advance(RETENTION_MS / 2);
      expect(await stateOf('second')).toBe('gone');
      expect(await stateOf('going on')).toBe('open');
    });

    it('uses one timer however many runs have ended, and none when there is nothing to forget', async () => {
      expect(clock.pendingTimers).toBe(0);
      for (let n = 0; n < 30; n++) await endRun(`r${n}`);
      expect(clock.pendingTimers).toBe(1);
      await clock.advance(RETENTION_MS);
      expect(clock.pendingTimers).toBe(0);
    });

    it('ends its timer with the module', async () => {
      await endRun('r');
      log.onModuleDestroy();
      expect(clock.pendingTimers).toBe(0);
    });

    it('feels a shorter retention within a minute', async () => {
      limits.change({ 'stream.replayRetentionMs': 3_600_000 });
      await endRun('r');
      limits.change({ 'stream.replayRetentionMs': 1_000 });
      await clock.advance(60_000);
      expect(await stateOf('r')).toBe('gone');
    });

    it('stream.maxEventsPerRun: keeps at most that many and folds the rest into a snapshot from which to read on', async () => {
      const writer = await log.openWriter('r', 1, 0);
      writer.append(started());
      for (let n = 2; n <= 450; n++) writer.append(delta(`${n} `));
      const gone = await log.read('r', 3, 1_000);
      const snapshot = gone.snapshot?.event;
      if (snapshot?.type !== 'run.snapshot') throw new Error('expected a snapshot');
      const tail = await log.read('r', snapshot.seq, 1_000);
      expect(gone.state).toBe('gone');
      expect(tail.state).toBe('open');
      expect(tail.events.length).toBeLessThanOrEqual(100);
      expect(tail.events.length).toBeGreaterThan(50);
      const text = snapshot.data.message.text + tail.events.map(({ event }) => (event.type === 'text.delta' ? event.data.text : '')).join('');
      expect(text).toBe(Array.from({ length: 449 }, (_, index) => `${index + 2} `).join(''));
      expect(snapshot.data).toMatchObject({ intent: 'fix', conversationId: 'c1', status: 'running' });
    });

    it('has no snapshot of its own when it never had the beginning', async () => {
      const writer = await log.openWriter('r', 1, 1_000);
      for (let n = 0; n < 250; n++) writer.append(delta('x'));
      expect(await log.read('r', 0, 1)).toMatchObject({ state: 'gone', snapshot: undefined });
    });

    it('stream.maxEventsPerInstance: lets ended runs go before it is passed, oldest first, and never a run that goes on', async () => {
      for (let n = 0; n < 12; n++) await endRun(`ended ${n}`, 89);
      const open = await log.openWriter('open', 1, 0);
      for (let n = 0; n < 100; n++) open.append(delta('x'));
      expect(await stateOf('ended 0')).toBe('gone');
      expect(await stateOf('ended 1')).toBe('gone');
      expect(await stateOf('ended 11')).not.toBe('gone');
      expect((await log.read('open', 0, 1_000)).events).toHaveLength(100);
      let kept = 0;
      for (let n = 0; n < 12; n++) kept += (await log.read(`ended ${n}`, 0, 1_000)).events.length;
      expect(kept + 100).toBeLessThanOrEqual(1_000);
    });
  });

  it('I7: a writer whose run was dropped writes nowhere', async () => {
    const writer = await log.openWriter('r', 1, 0);
    await log.drop('r');
    writer.append(delta('x'));
    expect((await log.read('r', 0, 1)).lastSeq).toBe(0);
    await expect(writer.flush()).rejects.toThrow('taken over');
  });
});

async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
}
