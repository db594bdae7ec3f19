import fc from 'fast-check';
import { FencedOutError, foldSnapshot, type RunEvent, type RunEventWriter, type RunSnapshot, RunTails } from '../../src/streaming/index.js';
import { MemoryRunEventLog } from '../../src/streaming/log/memory.run-event-log.js';
import { FakeClock } from '../support/fake-clock.js';
import { follow, type FollowedTail } from '../support/streaming/follow-tail.js';
import { FixedLimits } from '../support/streaming/fixed-limits.js';
import { MemoryRunDirectory } from '../support/streaming/memory-run-directory.js';
import { completed, delta, started } from '../support/streaming/sample-events.js';

const RUN = 'r';

/** What may happen to a run, its workers and one reader, in any order. */
const step = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant('append' as const), count: fc.integer({ min: 1, max: 60 }), writer: fc.nat(3) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('takeOver' as const), token: fc.integer({ min: 1, max: 6 }), durable: fc.nat(500) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('read' as const), batches: fc.integer({ min: 1, max: 4 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('reconnect' as const), forget: fc.nat(80) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('end' as const), writer: fc.nat(3) }) },
);

describe('MemoryRunEventLog under any interleaving', () => {
  it('I1, I2, I7: a reader that is cut and resumes anywhere sees each event once, in order, or a snapshot of what it missed', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 40 }), async (steps) => {
        const world = await World.create();
        for (const next of steps) await world.take(next);
        await world.finish();
      }),
      { numRuns: 150 },
    );
  });
});

class World {
  private readonly writers: { writer: RunEventWriter; token: number }[] = [];
  private highestToken = 0;
  /** Everything ever accepted, as the specification of the log. */
  private readonly accepted: RunEvent[] = [];
  private readonly client = new Client();
  private cursor = 0;
  private tail: FollowedTail;

  private constructor(
    private readonly log: MemoryRunEventLog,
    private readonly tails: RunTails,
  ) {
    this.tail = follow(tails, RUN, 0);
  }

  static async create(): Promise<World> {
    const log = new MemoryRunEventLog(new FakeClock(), new FixedLimits({ 'stream.maxEventsPerRun': 100 }));
    const world = new World(log, new RunTails(log, new MemoryRunDirectory(), new FakeClock(), new FixedLimits()));
    await world.takeOver(1, 0);
    world.append(0, 1, started());
    return world;
  }

  async take(next: (typeof step extends fc.Arbitrary<infer Step> ? Step : never)): Promise<void> {
    if (next.do === 'append') this.append(next.writer, next.count, delta('x'));
    else if (next.do === 'end') this.append(next.writer, 1, completed());
    else if (next.do === 'takeOver') await this.takeOver(next.token, Math.min(next.durable, this.accepted.length));
    else if (next.do === 'read') for (let count = 0; count < next.batches; count++) await this.readBatch();
    else this.reconnect(Math.max(0, this.cursor - next.forget));
  }

  /** Whatever happened before: once the run ends, the reader gets to its end. */
  async finish(): Promise<void> {
    await this.takeOver(this.highestToken + 1, 0);
    this.append(this.writers.length - 1, 1, completed());
    await this.readBatch();
    while (this.client.lastSeq < this.accepted.length) await this.readBatch();
    expect(await this.tail.next()).toBeUndefined();
    expect(this.client.shows).toEqual(foldSnapshot(this.accepted));
    expect(this.accepted.filter(({ type }) => type === 'run.completed')).toHaveLength(1);
    this.log.onModuleDestroy();
  }

  private append(index: number, count: number, body: Parameters<RunEventWriter['append']>[0]): void {
    const entry = this.writers[index % this.writers.length];
    if (!entry) return;
    for (let n = 0; n < count; n++) {
      const mayWrite = entry.token === this.highestToken && this.accepted.at(-1)?.type !== 'run.completed';
      entry.writer.append(body);
      if (mayWrite) this.accepted.push({ ...body, runId: RUN, seq: this.accepted.length + 1, at: 0 });
    }
  }

  private async takeOver(token: number, durable: number): Promise<void> {
    if (token < this.highestToken) return expect(this.log.openWriter(RUN, token, durable)).rejects.toThrow(FencedOutError);
    this.writers.push({ writer: await this.log.openWriter(RUN, token, durable), token });
    this.highestToken = token;
  }

  private async readBatch(): Promise<void> {
    if (this.cursor === this.accepted.length) return; // would wait
    const batch = await this.tail.next();
    for (const { event, json } of batch?.events ?? []) {
      expect(JSON.parse(json)).toMatchObject({ runId: RUN, seq: event.seq });
      this.client.receive(event);
      this.cursor = event.seq;
    }
    expect(this.client.shows).toEqual(foldSnapshot(this.accepted.slice(0, this.cursor)));
  }

  private reconnect(cursor: number): void {
    this.tail.stop();
    this.cursor = cursor;
    this.client.rewind(this.accepted.slice(0, cursor));
    this.tail = follow(this.tails, RUN, cursor);
  }
}

/** Refuses a gap, a repeat and anything after the end. */
class Client {
  lastSeq = 0;
  shows: RunSnapshot = foldSnapshot([]);
  private hasEnded = false;

  receive(event: RunEvent): void {
    expect(this.hasEnded).toBe(false);
    if (event.type === 'run.snapshot') expect(event.seq).toBeGreaterThan(this.lastSeq);
    else expect(event.seq).toBe(this.lastSeq + 1);
    this.hasEnded = event.type === 'run.completed';
    this.lastSeq = event.seq;
    this.shows = foldSnapshot([event], this.shows);
  }

  rewind(seen: readonly RunEvent[]): void {
    this.lastSeq = seen.length;
    this.shows = foldSnapshot(seen);
    this.hasEnded = seen.at(-1)?.type === 'run.completed';
  }
}
