import { EMPTY_SNAPSHOT, type RunRecord, RunTails } from '../../../src/streaming/index.js';
import { MemoryRunEventLog } from '../../../src/streaming/log/memory.run-event-log.js';
import { FakeClock } from '../../support/fake-clock.js';
import { follow, type FollowedTail } from '../../support/streaming/follow-tail.js';
import { FixedLimits } from '../../support/streaming/fixed-limits.js';
import { MemoryRunDirectory } from '../../support/streaming/memory-run-directory.js';
import { completed, delta, failed, started } from '../../support/streaming/sample-events.js';

const record = (lastSeq: number, terminal?: RunRecord['terminal']): RunRecord => ({
  snapshot: { ...EMPTY_SNAPSHOT, message: { id: 'm', text: 'kept text' } },
  lastSeq,
  terminal,
  at: Date.UTC(2026, 0, 1),
});

describe('RunTail', () => {
  let log: MemoryRunEventLog;
  let directory: MemoryRunDirectory;
  let tails: RunTails;

  beforeEach(() => {
    log = new MemoryRunEventLog(new FakeClock(), new FixedLimits({ 'stream.maxEventsPerRun': 100 }));
    directory = new MemoryRunDirectory();
    tails = new RunTails(log, directory, new FakeClock(), new FixedLimits());
  });
  afterEach(() => log.onModuleDestroy());

  it('waits for what has yet to happen, and is over after the terminal event', async () => {
    const writer = await log.openWriter('r', 1, 0);
    const tail = follow(tails, 'r', 0);
    const first = tail.next();
    writer.append(started());
    expect(frames(await first)).toEqual(['1 run.started']);
    const second = tail.next();
    writer.append(delta('a'));
    writer.append(completed());
    expect(frames(await second)).toEqual(['2 text.delta', '3 run.completed']);
    expect(await tail.next()).toBeUndefined();
  });

  it('tells what was there from what comes', async () => {
    const writer = await log.openWriter('r', 1, 0);
    writer.append(started());
    const tail = follow(tails, 'r', 0);
    expect((await tail.next())?.isPast).toBe(true);
    writer.append(delta('a'));
    expect((await tail.next())?.isPast).toBe(false);
    tail.stop();
  });

  it('reads a long past in bounded batches', async () => {
    log = new MemoryRunEventLog(new FakeClock(), new FixedLimits());
    const writer = await log.openWriter('r', 1, 0);
    for (let n = 0; n < 1_000; n++) writer.append(delta('x'));
    const tail = follow(new RunTails(log, directory, new FakeClock(), new FixedLimits()), 'r', 0);
    let seen = 0;
    while (seen < 1_000) {
      const batch = await tail.next();
      expect(batch?.events.length).toBeLessThanOrEqual(256);
      seen += batch?.events.length ?? 0;
    }
    tail.stop();
  });

  it('stops a wait at once, and hears nothing more', async () => {
    await log.openWriter('r', 1, 0);
    const tail = follow(tails, 'r', 0);
    const waiting = tail.next();
    await turn();
    tail.stop();
    expect(await waiting).toBeUndefined();
    expect(await tail.next()).toBeUndefined();
  });

  describe('I2: when events are no longer kept', () => {
    it('gives the snapshot that the log folded, and goes on right after it', async () => {
      const writer = await log.openWriter('r', 1, 0);
      writer.append(started());
      for (let n = 0; n < 149; n++) writer.append(delta('x'));
      const tail = follow(tails, 'r', 5);
      const snapshot = (await tail.next())?.events[0]?.event;
      const next = (await tail.next())?.events ?? [];
      expect(snapshot?.type).toBe('run.snapshot');
      expect(next[0]?.event.seq).toBe((snapshot?.seq ?? 0) + 1);
      expect(next.at(-1)?.event.seq).toBe(150);
      tail.stop();
    });

    it('tells an ended run by its record: snapshot, then the terminal event under its own number', async () => {
      directory.add('r', 'alice', record(12, failed()));
      expect(await everything(follow(tails, 'r', 3))).toEqual(['11 run.snapshot', '12 run.failed']);
    });

    it('resumes between that snapshot and the terminal event with the terminal event alone', async () => {
      directory.add('r', 'alice', record(12, failed()));
      expect(await everything(follow(tails, 'r', 11))).toEqual(['12 run.failed']);
      expect(await everything(follow(tails, 'r', 12))).toEqual([]);
    });

    it('sends no snapshot when the terminal event is all there ever was', async () => {
      directory.add('r', 'alice', record(1, failed()));
      expect(await everything(follow(tails, 'r', 0))).toEqual(['1 run.failed']);
    });

    it('I1: ends a log without an end, when the record has one because its instance was lost in between', async () => {
      const writer = await log.openWriter('r', 1, 0);
      for (const event of [started(), delta('a')]) writer.append(event);
      directory.add('r', 'alice', record(4, failed()));
      const tail = follow(tails, 'r', 0);
      expect(frames(await tail.next())).toEqual(['1 run.started', '2 text.delta']);
      writer.append(delta('b')); // wakes the reader; nothing else would
      expect(frames(await tail.next())).toEqual(['3 text.delta']);
      const late = follow(tails, 'r', 3);
      expect(frames(await late.next())).toEqual(['4 run.failed']);
      expect(await late.next()).toBeUndefined();
      tail.stop();
    });

    it('I2: tells by its log what ended just while its record was asked', async () => {
      const writer = await log.openWriter('r', 1, 0);
      writer.append(started());
      const tail = follow(tails, 'r', 1);
      directory.hasEnded = async () => {
        writer.append(delta('a'));
        writer.append(completed());
        directory.add('r', 'alice', record(3, completed()));
        return true;
      };
      expect(await everything(tail)).toEqual(['2 text.delta', '3 run.completed']);
    });

    it('serialises a record like an event of the log', async () => {
      directory.add('r', 'alice', record(12, failed()));
      const [snapshot, terminal] = (await follow(tails, 'r', 0).next())?.events ?? [];
      expect(JSON.parse(snapshot?.json ?? '')).toMatchObject({ runId: 'r', seq: 11, at: '2026-01-01T00:00:00.000Z', message: { text: 'kept text' } });
      expect(JSON.parse(terminal?.json ?? '')).toMatchObject({ runId: 'r', seq: 12, at: '2026-01-01T00:00:00.000Z', error: { code: 'model_error' } });
    });

    it('waits for a queued run that has no log yet, and then misses nothing', async () => {
      directory.add('r', 'alice', record(0));
      const tail = follow(tails, 'r', 0);
      const first = tail.next();
      await turn();
      (await log.openWriter('r', 1, 0)).append(started());
      expect(frames(await first)).toEqual(['1 run.started']);
      tail.stop();
    });

    it('after a crash tells a client that saw more than the record nothing twice, and goes on with a snapshot beyond both', async () => {
      directory.add('r', 'alice', record(50));
      const tail = follow(tails, 'r', 57);
      const first = tail.next();
      await turn();
      directory.add('r', 'alice', record(1_050)); // whoever took it over jumped ahead
      const writer = await log.openWriter('r', 2, 1_050);
      expect(frames(await first)).toEqual(['1050 run.snapshot']);
      writer.append(delta('again'));
      expect(frames(await tail.next())).toEqual(['1051 text.delta']);
      tail.stop();
    });

    it('does not spin while the record is behind the log', async () => {
      let lookups = 0;
      const find = directory.findRecord.bind(directory);
      directory.findRecord = (runId) => {
        lookups++;
        return find(runId);
      };
      directory.add('r', 'alice', record(10));
      (await log.openWriter('r', 2, 50)).append(delta('x'));
      const tail = follow(tails, 'r', 10);
      const waiting = tail.next();
      await turn();
      expect(lookups).toBe(1);
      tail.stop();
      await waiting;
    });

    it('waits for a run of which neither log nor directory can tell anything yet', async () => {
      const tail = follow(tails, 'r', 0);
      const first = tail.next();
      await turn();
      (await log.openWriter('r', 1, 0)).append(completed());
      expect(frames(await first)).toEqual(['1 run.completed']);
    });
  });

  describe('locate', () => {
    it.each([
      ['kept', 0],
      ['kept', 1],
      ['over', 2],
      ['over', 9],
    ] as const)('in an ended run of two events is %s after %i', async (position, afterSeq) => {
      const writer = await log.openWriter('r', 1, 0);
      writer.append(started());
      writer.append(completed());
      expect(await tails.locate('r', afterSeq)).toBe(position);
    });

    it('knows from the record what the log forgot', async () => {
      directory.add('ended', 'alice', record(12, failed()));
      directory.add('queued', 'alice', record(0));
      const positions = [['ended', 0], ['ended', 12], ['queued', 0], ['queued', 3], ['unrecorded', 0]] as const;
      expect(await Promise.all(positions.map(([runId, afterSeq]) => tails.locate(runId, afterSeq)))).toEqual(['gone', 'over', 'kept', 'kept', 'kept']);
    });

    it('is gone before a trimmed beginning', async () => {
      const writer = await log.openWriter('r', 1, 0);
      for (let n = 0; n < 150; n++) writer.append(delta('x'));
      expect(await tails.locate('r', 3)).toBe('gone');
      expect(await tails.locate('r', 150)).toBe('kept');
    });
  });
});

function frames(batch: Awaited<ReturnType<FollowedTail['next']>>): string[] {
  return (batch?.events ?? []).map(({ event }) => `${event.seq} ${event.type}`);
}

async function everything(tail: FollowedTail): Promise<string[]> {
  const all: string[] = [];
  for (let batch = await tail.next(); batch; batch = await tail.next()) all.push(...frames(batch));
  return all;
}

async function turn(): Promise<void> {
  for (let count = 0; count < 3; count++) await new Promise((resolve) => setImmediate(resolve));
}
