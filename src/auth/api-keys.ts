import { Inject, Injectable } from '@nestjs/common';
import { AppError, CLOCK, type Clock, isId, newId } from '../common/index.js';
import { Prisma, PrismaService } from '../database/index.js';
import { behind, decodeCursor, Idempotency, type IdempotencyClaim, type Page, toPage } from '../http/index.js';
import { ensureAccount } from './accounts.js';
import { hashApiKey, makeApiKey, prefixOf } from './api-key-secret.js';
import type { ApiKeyOrder, ApiKeyView, CreatedApiKey } from './key-administration.port.js';

type ApiKeyRow = Prisma.ApiKeyGetPayload<object>;

/** Makes, lists and revokes API keys. Only hashes are stored. */
@Injectable()
export class ApiKeys {
  constructor(
    private readonly prisma: PrismaService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * Makes a key, and the user's account when it is the first.
   * @throws AppError `already_exists` when the claim was used before: the key was shown then and is not kept
   */
  async create(order: ApiKeyOrder, createdBy: string, claim?: IdempotencyClaim): Promise<CreatedApiKey> {
    const now = new Date(this.clock.now());
    if (order.expiresAt && order.expiresAt <= now) throw new AppError('validation_failed', 'expiresAt: must be in the future.');
    await this.refuseReplay(claim, now);
    const [id, key] = [newId(), makeApiKey()];
    try {
      await this.prisma.$transaction(async (transaction) => {
        await Idempotency.store(transaction, claim, id, { id }, now);
        await ensureAccount(transaction, order.userId, order.plan);
        await transaction.apiKey.create({ data: { id, ...rowOf(order), hash: hashApiKey(key), prefix: prefixOf(key), createdBy, createdAt: now } });
      });
    } catch (error) {
      if (Idempotency.lostRace(error, claim)) await this.refuseReplay(claim, now);
      throw error;
    }
    return { id, key };
  }

  /** All keys, revoked ones too, newest first. */
  async list(limit: number, cursor?: string): Promise<Page<ApiKeyView>> {
    const rows = await this.prisma.apiKey.findMany({
      where: behind('createdAt', decodeCursor(cursor), 'desc'),
      orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
      take: limit + 1,
    });
    return toPage(rows, limit, (row) => ({ at: row.createdAt, id: row.id }), present);
  }

  /**
   * Ends a key for good; once more changes nothing.
   * @returns the key's hash, so that caches can forget it
   * @throws AppError `key_not_found`
   */
  async revoke(id: string): Promise<string> {
    const row = isId(id) ? await this.prisma.apiKey.findUnique({ where: { id } }) : null;
    if (!row) throw new AppError('key_not_found', 'There is no API key with this id. GET /api/access/keys lists them.');
    await this.prisma.apiKey.updateMany({ where: { id, revokedAt: null }, data: { revokedAt: new Date(this.clock.now()) } });
    return row.hash;
  }

  private async refuseReplay(claim: IdempotencyClaim | undefined, now: Date): Promise<void> {
    const earlier = (await Idempotency.replay(this.prisma, claim, now)) as { id: string } | undefined;
    if (!earlier) return;
    throw new AppError('already_exists', `This request made key ${earlier.id} already, which was shown once. If it is lost, revoke it and make another with a new Idempotency-Key.`, {
      extensions: { id: earlier.id },
    });
  }
}

function rowOf({ userId, role, scopes, expiresAt }: ApiKeyOrder) {
  return { accountId: userId, role, scopes: [...scopes], expiresAt };
}

function present(row: ApiKeyRow): ApiKeyView {
  return {
    id: row.id,
    userId: row.accountId,
    role: row.role,
    scopes: row.scopes,
    prefix: row.prefix,
    createdBy: row.createdBy,
    createdAt: row.createdAt.toISOString(),
    expiresAt: row.expiresAt?.toISOString() ?? null,
    lastUsedAt: row.lastUsedAt?.toISOString() ?? null,
    revokedAt: row.revokedAt?.toISOString() ?? null,
  };
}
