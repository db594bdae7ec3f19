import { newId } from '../../src/common/index.js';
import { FencedOutError, type LoggedEvent, type RunEventLog, type RunEventWriter } from '../../src/streaming/index.js';
import { cancelled, completed, delta, failed, started } from '../support/streaming/sample-events.js';

export interface RunEventLogUnderTest {
  readonly log: RunEventLog;
  close(): Promise<void>;
}

/** What every RunEventLog has to do. The factory gives a log that keeps at least 100 events per run. */
export function describeRunEventLog(adapter: string, create: () => Promise<RunEventLogUnderTest>): void {
  describe(`RunEventLog: ${adapter}`, () => {
    let subject: RunEventLogUnderTest;
    let log: RunEventLog;
    const runId = newId();

    beforeEach(async () => {
      subject = await create();
      log = subject.log;
      await log.drop(runId);
    });
    afterEach(() => subject.close());

    async function write(writer: RunEventWriter, ...bodies: Parameters<RunEventWriter['append']>[0][]): Promise<void> {
      for (const body of bodies) writer.append(body);
      await writer.flush();
    }

    describe('numbering', () => {
      it('I2: numbers events contiguously from 1 and gives them back in order', async () => {
        const writer = await log.openWriter(runId, 1, 0);
        await write(writer, started(), delta('a'), delta('b'));
        const page = await log.read(runId, 0, 10);
        expect(page).toMatchObject({ state: 'open', lastSeq: 3 });
        expect(page.events.map(({ event }) => [event.seq, event.type])).toEqual([[1, 'run.started'], [2, 'text.delta'], [3, 'text.delta']]);
        expect(writer.lastSeq).toBe(3);
      });

      it('carries runId, seq and an ISO time in the JSON of each event, next to its data', async () => {
        await write(await log.openWriter(runId, 1, 0), delta('a "b"\n'));
        const [logged] = (await log.read(runId, 0, 1)).events as [LoggedEvent];
        const data = JSON.parse(logged.json);
        expect(data).toEqual({ runId, seq: 1, at: new Date(logged.event.at).toISOString(), ...logged.event.data });
        expect(data.text).toBe('a "b"\n');
      });

      it('keeps runs apart', async () => {
        const other = newId();
        await write(await log.openWriter(runId, 1, 0), delta('mine'));
        await write(await log.openWriter(other, 1, 0), delta('yours'), delta('yours'));
        expect((await log.read(runId, 0, 10)).lastSeq).toBe(1);
        expect((await log.read(other, 0, 10)).lastSeq).toBe(2);
        await log.drop(other);
      });
    });

    describe('reading', () => {
      it('I2: gives at most the asked number, and the rest from the last one on', async () => {
        await write(await log.openWriter(runId, 1, 0), delta('1'), delta('2'), delta('3'), delta('4'), delta('5'));
        const first = await log.read(runId, 0, 2);
        const second = await log.read(runId, 2, 2);
        const third = await log.read(runId, 4, 2);
        expect([first, second, third].map((page) => page.events.map(({ event }) => event.seq))).toEqual([[1, 2], [3, 4], [5]]);
        expect([first, second, third].map((page) => page.lastSeq)).toEqual([5, 5, 5]);
      });

      it('is open and empty at the tip of a run that goes on', async () => {
        await write(await log.openWriter(runId, 1, 0), delta('1'));
        expect(await log.read(runId, 1, 10)).toMatchObject({ state: 'open', events: [], lastSeq: 1 });
      });

      it('is open and empty before the first event', async () => {
        await log.openWriter(runId, 1, 0);
        expect(await log.read(runId, 0, 10)).toMatchObject({ state: 'open', events: [], lastSeq: 0 });
      });

      it('says ended only with the page that holds the terminal event, and after it', async () => {
        await write(await log.openWriter(runId, 1, 0), started(), delta('a'), completed());
        const states = [];
        for (const [afterSeq, limit] of [[0, 2], [0, 3], [2, 5], [3, 5], [7, 5]] as const) states.push((await log.read(runId, afterSeq, limit)).state);
        expect(states).toEqual(['open', 'ended', 'ended', 'ended', 'ended']);
        expect((await log.read(runId, 3, 5)).events).toEqual([]);
      });

      it('is gone for a run that it never heard of or forgot', async () => {
        expect(await log.read(newId(), 0, 10)).toMatchObject({ state: 'gone', events: [], lastSeq: 0 });
        await write(await log.openWriter(runId, 1, 0), delta('a'));
        await log.drop(runId);
        expect(await log.read(runId, 0, 10)).toMatchObject({ state: 'gone', events: [], lastSeq: 0 });
      });

      it('I2: is gone for a cursor beyond what there is, rather than skipping what that run did anew', async () => {
        await write(await log.openWriter(runId, 1, 0), delta('a'));
        expect((await log.read(runId, 5, 10)).state).toBe('gone');
      });

      it('gives all readers the same JSON text', async () => {
        await write(await log.openWriter(runId, 1, 0), delta('a'));
        const [first, second] = await Promise.all([log.read(runId, 0, 1), log.read(runId, 0, 1)]);
        expect(first.events[0]?.json).toBe(second.events[0]?.json);
      });
    });

    describe('the end', () => {
      it.each([['completed', completed()], ['failed', failed()], ['cancelled', cancelled()]] as const)('I1: takes nothing after run.%s', async (_, terminal) => {
        const writer = await log.openWriter(runId, 1, 0);
        await write(writer, started(), terminal, delta('late'), completed());
        await write(await log.openWriter(runId, 2, 0), failed());
        expect(await log.read(runId, 0, 10)).toMatchObject({ state: 'ended', lastSeq: 2 });
        expect(writer.lastSeq).toBe(2);
      });
    });

    describe('fencing', () => {
      it('I7: a writer with a higher token shuts out the one before, whose events go nowhere', async () => {
        const lost = await log.openWriter(runId, 1, 0);
        await write(lost, delta('a'));
        const winner = await log.openWriter(runId, 2, 1);
        lost.append(delta('stale'));
        await write(winner, delta('b'));
        await expect(lost.flush()).rejects.toThrow(FencedOutError);
        const { events } = await log.read(runId, 0, 10);
        expect(events.map(({ event }) => (event.type === 'text.delta' ? event.data.text : event.type))).toEqual(['a', 'b']);
      });

      it('I7: refuses a token lower than one that was here', async () => {
        await log.openWriter(runId, 5, 0);
        await expect(log.openWriter(runId, 4, 0)).rejects.toThrow(FencedOutError);
        await expect(log.openWriter(runId, 4, 100)).rejects.toThrow(FencedOutError);
      });

      it('lets the holder of a token open its log again and go on', async () => {
        await write(await log.openWriter(runId, 3, 0), delta('a'));
        const again = await log.openWriter(runId, 3, 1);
        await write(again, delta('b'));
        expect((await log.read(runId, 0, 10)).lastSeq).toBe(2);
      });
    });

    describe('taking over', () => {
      it('goes on after the newest event that is kept, even when less was known to be durable', async () => {
        await write(await log.openWriter(runId, 1, 0), delta('1'), delta('2'), delta('3'));
        await write(await log.openWriter(runId, 2, 1), delta('4'));
        const { events } = await log.read(runId, 0, 10);
        expect(events.map(({ event }) => event.seq)).toEqual([1, 2, 3, 4]);
      });

      it('I2: after a loss goes on with the number after the durable ones, and is gone for older cursors', async () => {
        await write(await log.openWriter(runId, 2, 40), delta('41'));
        expect((await log.read(runId, 39, 10)).state).toBe('gone');
        const page = await log.read(runId, 40, 10);
        expect(page.state).toBe('open');
        expect(page.events.map(({ event }) => event.seq)).toEqual([41]);
      });
    });

    describe('watching', () => {
      it('hears of events that are appended after it began, and of none after it ended', async () => {
        const writer = await log.openWriter(runId, 1, 0);
        const heard = countCalls();
        const stop = log.watch(runId, heard.call);
        await write(writer, delta('a'));
        await heard.atLeast(1);
        stop();
        const before = heard.count;
        await write(writer, delta('b'));
        await turns();
        expect(heard.count).toBe(before);
      });

      it('may begin before the run is opened', async () => {
        const heard = countCalls();
        const stop = log.watch(runId, heard.call);
        await write(await log.openWriter(runId, 1, 0), delta('a'));
        await heard.atLeast(1);
        stop();
      });

      it('calls every watcher of the run and none of another', async () => {
        const writer = await log.openWriter(runId, 1, 0);
        const [first, second, other] = [countCalls(), countCalls(), countCalls()];
        const stops = [log.watch(runId, first.call), log.watch(runId, second.call), log.watch(newId(), other.call)];
        await write(writer, delta('a'));
        await Promise.all([first.atLeast(1), second.atLeast(1)]);
        expect(other.count).toBe(0);
        stops.forEach((stop) => stop());
      });

      it('never misses one: whoever reads, and then waits to be called, sees every event', async () => {
        const writer = await log.openWriter(runId, 1, 0);
        const seen: number[] = [];
        let wake = (): void => undefined;
        const stop = log.watch(runId, () => wake());
        const reader = (async () => {
          for (;;) {
            const called = new Promise<void>((resolve) => (wake = resolve));
            const page = await log.read(runId, seen.length, 7);
            seen.push(...page.events.map(({ event }) => event.seq));
            if (page.state === 'ended') return;
            if (page.events.length === 0) await called;
          }
        })();
        for (let n = 0; n < 60; n++) {
          writer.append(delta(String(n)));
          if (n % 7 === 0) await turns();
        }
        writer.append(completed());
        await writer.flush();
        await reader;
        stop();
        expect(seen).toEqual(Array.from({ length: 61 }, (_, index) => index + 1));
      });
    });
  });
}

function countCalls() {
  const waiting: { count: number; resolve: () => void }[] = [];
  const counter = {
    count: 0,
    call: (): void => {
      counter.count++;
      waiting.filter(({ count }) => counter.count >= count).forEach(({ resolve }) => resolve());
    },
    atLeast: (count: number): Promise<void> => new Promise((resolve) => (counter.count >= count ? resolve() : waiting.push({ count, resolve }))),
  };
  return counter;
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}
