import { createHash } from 'node:crypto';
import { AppError } from '../common/index.js';
import { Prisma, type Database } from '../database/index.js';

const KEPT_FOR_MS = 24 * 60 * 60 * 1000;
/** Prisma's code; a violation on another table is none of ours. */
const UNIQUE_VIOLATION = 'P2002';
const KEY = /^[\x21-\x7e]{1,200}$/;

/** An Idempotency-Key of one user on one kind of request, with the request it stands for. */
export interface IdempotencyClaim {
  readonly userId: string;
  /** Which call, e.g. `POST /api/chat/runs`. */
  readonly scope: string;
  readonly key: string;
  readonly requestHash: string;
}

export const Idempotency = {
  /** The claim of a request, or undefined when it carries no key. */
  claim(userId: string, scope: string, key: string | undefined, body: unknown): IdempotencyClaim | undefined {
    if (key === undefined) return undefined;
    if (!KEY.test(key)) throw new AppError('validation_failed', 'Idempotency-Key: 1 to 200 printable ASCII characters without spaces.');
    return { userId, scope, key, requestHash: createHash('sha256').update(JSON.stringify(body)).digest('hex') };
  },

  /**
   * The stored answer of an earlier equal request.
   * @throws AppError `idempotency_mismatch` when the key came with another body
   */
  async replay(database: Database, claim: IdempotencyClaim | undefined, now: Date): Promise<unknown> {
    if (!claim) return undefined;
    const { userId, scope, key } = claim;
    const record = await database.idempotencyRecord.findUnique({ where: { userId_scope_key: { userId, scope, key } } });
    if (!record || record.expiresAt <= now) return undefined;
    if (record.requestHash !== claim.requestHash) {
      throw new AppError('idempotency_mismatch', `Idempotency-Key ${key} was used with a different body. Use a new key for a new request.`);
    }
    return record.response ?? undefined;
  },

  /** Stores the answer in the transaction that creates the resource; a concurrent equal claim makes that transaction fail with a unique violation. */
  async store(database: Database, claim: IdempotencyClaim | undefined, resourceId: string, response: object, now: Date): Promise<void> {
    if (!claim) return;
    const { userId, scope, key, requestHash } = claim;
    await database.idempotencyRecord.deleteMany({ where: { userId, scope, key, expiresAt: { lte: now } } });
    await database.idempotencyRecord.create({
      data: { userId, scope, key, requestHash, resourceId, response, createdAt: now, expiresAt: new Date(now.getTime() + KEPT_FOR_MS) },
    });
  },

  /** Forgets the answers that told of resources which are deleted. */
  async forget(database: Database, resourceIds: readonly string[]): Promise<void> {
    await database.$executeRaw`DELETE FROM idempotency_records WHERE resource_id = ANY(${[...resourceIds]}::text[])`;
  },

  /** Whether a failed transaction lost the race for the key, so that `replay` now has the winner's answer. */
  lostRace(error: unknown, claim: IdempotencyClaim | undefined): boolean {
    return !!claim && error instanceof Prisma.PrismaClientKnownRequestError && error.code === UNIQUE_VIOLATION && error.meta?.modelName === 'IdempotencyRecord';
  },
};
