import { isDatabaseUnreachable, Prisma } from '../../database/index.js';

export interface GroupCommitBounds {
  /** Requests of one statement. */
  readonly maxBatch: number;
  /** Statements under way at the same time. */
  readonly maxStatements: number;
}

/** The answer for an account that another transaction is working on. */
export const BUSY = Symbol('busy');

/**
 * @param mayWait false: answers BUSY for an account that is locked, so that the others need not wait for it
 * @returns one result per request, in their order
 */
export type SendBatch<Request, Result> = (requests: readonly Request[], mayWait: boolean) => Promise<(Result | typeof BUSY)[]>;

interface Waiting<Request, Result> {
  readonly request: Request;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Puts what is asked for at the same time into one statement: what comes while the earlier ones are under
 * way waits for the next, so that batches grow with the load and an idle instance waits for nothing. The
 * statement is one transaction; one that the database refuses is repeated request by request, so that
 * nobody fails for another's sake.
 */
export class GroupCommit<Request extends { readonly userId: string }, Result> {
  private waiting: Waiting<Request, Result>[] = [];
  private statements = 0;
  private isScheduled = false;

  constructor(
    private readonly send: SendBatch<Request, Result>,
    private readonly bounds: () => GroupCommitBounds,
  ) {}

  get size(): number {
    return this.waiting.length;
  }

  run(request: Request): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      this.waiting.push({ request, resolve, reject });
      this.schedule();
    });
  }

  /** At the end of the turn, when everybody who wants to has asked. */
  private schedule(): void {
    if (this.isScheduled) return;
    this.isScheduled = true;
    setImmediate(() => {
      this.isScheduled = false;
      const { maxBatch, maxStatements } = this.bounds();
      while (this.waiting.length > 0 && this.statements < maxStatements) void this.flush(this.waiting.splice(0, maxBatch));
    });
  }

  private async flush(batch: Waiting<Request, Result>[]): Promise<void> {
    this.statements++;
    const busy = await this.settle(batch, false);
    this.statements--; // who waits for an account does so without keeping the others waiting
    if (this.waiting.length > 0) this.schedule();
    for (const userId of new Set(busy.map(({ request }) => request.userId))) {
      void this.settle(busy.filter(({ request }) => request.userId === userId), true);
    }
  }

  /** Never rejects. @returns those whose account was busy */
  private async settle(batch: Waiting<Request, Result>[], mayWait: boolean): Promise<Waiting<Request, Result>[]> {
    try {
      const results = await this.send(batch.map(({ request }) => request), mayWait);
      return batch.filter((each, index) => {
        const result = results[index] as Result | typeof BUSY;
        if (result !== BUSY) each.resolve(result);
        return result === BUSY;
      });
    } catch (error) {
      const isRefused = error instanceof Prisma.PrismaClientKnownRequestError && !isDatabaseUnreachable(error); // and so undone as a whole
      if (batch.length === 1 || !isRefused) for (const { reject } of batch) reject(error);
      else await Promise.all(batch.map((each) => this.settle([each], true)));
      return [];
    }
  }
}
