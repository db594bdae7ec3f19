import type { QueuedRun, RunQueue } from '../../src/chat/queue/run-queue.port.js';

export interface RunQueueUnderTest {
  readonly queue: RunQueue;
  /** Changes `chat.maxConcurrentRunsPerInstance` while it is in use. */
  allow(maxWorking: number): void;
  close(): Promise<void>;
}

export interface RunQueueBounds {
  /** `chat.maxQueued` */
  readonly maxQueued: number;
  /** `chat.maxConcurrentRunsPerInstance` */
  readonly maxWorking: number;
}

const PATIENCE_MS = 10_000;

/** What every RunQueue has to do. */
export function describeRunQueue(adapter: string, create: (bounds: RunQueueBounds) => Promise<RunQueueUnderTest>): void {
  describe(`RunQueue: ${adapter}`, () => {
    const subjects: RunQueueUnderTest[] = [];
    const subjectOf = async (bounds: Partial<RunQueueBounds> = {}): Promise<RunQueueUnderTest> => {
      const subject = await create({ maxQueued: 100, maxWorking: 1, ...bounds });
      subjects.push(subject);
      return subject;
    };
    const queueOf = async (bounds?: Partial<RunQueueBounds>): Promise<RunQueue> => (await subjectOf(bounds)).queue;
    afterEach(async () => {
      await Promise.all(subjects.splice(0).map((subject) => subject.close()));
    });

    it('hands out in the order of admission, also what came before it was started', async () => {
      const queue = await queueOf();
      const work = new Work();
      await queue.enqueue([runOf('a')]);
      await queue.enqueue([runOf('b')]);
      queue.start(work.handler);
      await queue.enqueue([runOf('c'), runOf('d')]);
      for (const runId of ['a', 'b', 'c', 'd']) await work.finish(runId);
      expect(work.begun).toEqual(['a', 'b', 'c', 'd']);
      expect((await queue.state()).waiting).toBe(0);
    });

    it('works on as many as allowed, and on the next as soon as one has ended', async () => {
      const queue = await queueOf({ maxWorking: 2 });
      const work = new Work();
      queue.start(work.handler);
      await queue.enqueue(['a', 'b', 'c', 'd'].map((runId) => runOf(runId)));
      expect(await work.began(2)).toEqual(['a', 'b']);
      expect((await queue.state()).waiting).toBe(2);
      await work.finish('b');
      expect(await work.began(3)).toEqual(['a', 'b', 'c']);
      for (const runId of ['a', 'c', 'd']) await work.finish(runId);
      expect(work.most).toBe(2);
    });

    it('works on more at once as soon as it may, and on fewer', async () => {
      const { queue, allow } = await subjectOf({ maxWorking: 1 });
      const work = new Work();
      queue.start(work.handler);
      await queue.enqueue(['a', 'b', 'c'].map((runId) => runOf(runId)));
      await work.began(1);
      allow(3);
      await queue.enqueue([runOf('d')]);
      expect(await work.began(3)).toEqual(['a', 'b', 'c']);
      allow(1);
      for (const runId of ['a', 'b']) await work.finish(runId);
      expect((await queue.state()).waiting).toBe(1);
      await work.finish('c');
      await work.finish('d');
      expect(work.most).toBe(3);
    });

    it('says how many wait, and whether the next one may have to', async () => {
      const queue = await queueOf();
      const work = new Work();
      queue.start(work.handler);
      expect(await queue.state()).toMatchObject({ waiting: 0, isBusy: false });
      await queue.enqueue([runOf('a')]);
      await work.began(1);
      expect(await queue.state()).toMatchObject({ waiting: 0, isBusy: true });
      await queue.enqueue([runOf('b')]);
      expect(await queue.state()).toMatchObject({ waiting: 1, isBusy: true });
      for (const runId of ['a', 'b']) await work.finish(runId);
      expect(await queue.state()).toMatchObject({ waiting: 0, isBusy: false });
    });

    it('I8: has room below chat.maxQueued, none at it and none above', async () => {
      const queue = await queueOf({ maxQueued: 2 });
      const work = new Work();
      queue.start(work.handler);
      await queue.enqueue([runOf('working')]);
      await work.began(1);
      await queue.enqueue([runOf('a')]);
      expect(await hasRoom(queue)).toBe(true);
      await queue.enqueue([runOf('b')]);
      expect(await hasRoom(queue)).toBe(false);
      await queue.enqueue([runOf('c')]); // found in the database
      expect(await hasRoom(queue)).toBe(false);
      for (const runId of ['working', 'a', 'b', 'c']) await work.finish(runId);
      expect(await hasRoom(queue)).toBe(true);
    });

    it('I8: keeps as many places as can be worked on and wait, however many ask at once', async () => {
      const queue = await queueOf({ maxQueued: 2, maxWorking: 3 });
      const work = new Work();
      queue.start(work.handler);
      await queue.enqueue([runOf('working')]);
      await work.began(1);
      const places = (await Promise.all(Array.from({ length: 20 }, () => queue.reserve()))).filter((place) => place !== undefined);
      expect(places).toHaveLength(4);
      await queue.enqueue([runOf('a')]);
      await work.began(2);
      await places[0]?.release();
      expect(await hasRoom(queue)).toBe(false); // the run has taken the place that was kept for it
      await places[1]?.release();
      await places[1]?.release();
      expect(await queue.reserve()).toBeDefined();
      expect(await hasRoom(queue)).toBe(false);
      for (const runId of ['working', 'a']) await work.finish(runId);
    });

    it('takes a waiting run once, however often a refill finds it', async () => {
      const queue = await queueOf();
      const work = new Work();
      queue.start(work.handler);
      await queue.enqueue([runOf('a')]);
      await work.began(1);
      for (let pass = 0; pass < 3; pass++) await queue.enqueue([runOf('b'), runOf('c')]);
      expect((await queue.state()).waiting).toBe(2);
      for (const runId of ['a', 'b', 'c']) await work.finish(runId);
      expect(work.begun).toEqual(['a', 'b', 'c']);
    });

    it('never works on a run twice at the same time; enqueued again meanwhile, it gets another turn afterwards', async () => {
      const queue = await queueOf({ maxWorking: 3 });
      const work = new Work();
      queue.start(work.handler);
      await queue.enqueue([runOf('a')]);
      await work.began(1);
      await queue.enqueue([runOf('a')]);
      await queue.enqueue([runOf('b')]);
      expect(await work.began(2)).toEqual(['a', 'b']);
      await work.finish('a');
      expect(await work.began(3)).toEqual(['a', 'b', 'a']);
      await work.finish('a');
      await work.finish('b');
    });

    it('lets users take turns: one with 50 waiting runs keeps nobody from their first', async () => {
      const queue = await queueOf();
      const work = new Work();
      const ids = Array.from({ length: 50 }, (_, index) => `ann-${String(index).padStart(2, '0')}`);
      await queue.enqueue(ids.map((runId) => runOf(runId, 'ann')));
      await queue.enqueue([runOf('bob-0', 'bob')]);
      await queue.enqueue([runOf('bob-1', 'bob')]);
      await queue.enqueue([runOf('cid-0', 'cid')]);
      queue.start(work.handler);
      const turns = ['ann-00', 'bob-0', 'cid-0', 'ann-01', 'bob-1', ...ids.slice(2)];
      for (const runId of turns) await work.finish(runId);
      expect(work.begun).toEqual(turns);
      expect((await queue.state()).waiting).toBe(0);
    });

    it('closes when the handlers under way have ended, and hands out nothing more', async () => {
      const queue = await queueOf();
      const work = new Work();
      queue.start(work.handler);
      await queue.enqueue([runOf('a'), runOf('b')]);
      await work.began(1);
      let isClosed = false;
      const closed = queue.close().then(() => (isClosed = true));
      await turn();
      expect(isClosed).toBe(false);
      await work.finish('a');
      await closed;
      expect(work.begun).toEqual(['a']);
    });
  });
}

export async function hasRoom(queue: RunQueue): Promise<boolean> {
  const place = await queue.reserve();
  await place?.release();
  return place !== undefined;
}

export function runOf(runId: string, userId = 'ann'): QueuedRun {
  return { runId, userId };
}

/** Handlers that end when the test says so. */
export class Work {
  readonly begun: string[] = [];
  /** The most that were under way at the same time. */
  most = 0;
  private readonly ends = new Map<string, () => void>();

  readonly handler = (runId: string): Promise<void> => {
    this.begun.push(runId);
    return new Promise((resolve) => {
      this.ends.set(runId, resolve);
      this.most = Math.max(this.most, this.ends.size);
    });
  };

  async began(count: number): Promise<string[]> {
    await this.until(() => this.begun.length >= count, `${count} begun`);
    await turn(); // one too many would show by now
    return [...this.begun];
  }

  async finish(runId: string): Promise<void> {
    await this.until(() => this.ends.has(runId), `${runId} begun`);
    const end = this.ends.get(runId);
    this.ends.delete(runId);
    end?.();
    await turn();
  }

  /** Where a test may have failed, so that its queue can close. */
  endAll(): void {
    for (const end of this.ends.values()) end();
  }

  private async until(condition: () => boolean, what: string): Promise<void> {
    for (const deadlineMs = Date.now() + PATIENCE_MS; !condition(); await turn()) {
      if (Date.now() > deadlineMs) throw new Error(`Not ${what} within ${PATIENCE_MS} ms; begun: ${this.begun.join(', ')}`);
    }
  }
}

function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1));
}
