import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock, type Principal, type Role } from '../common/index.js';
import { PrismaService } from '../database/index.js';
import { LIMITS_READER, type Limits } from '../limits/index.js';
import { hashApiKey } from './api-key-secret.js';
import { ExpiringCache } from './expiring-cache.js';
import { KeyUseRecorder } from './key-use-recorder.js';

interface KnownKey {
  readonly id: string;
  readonly principal: Principal;
  readonly expiresAtMs: number;
  readonly lastUsedAtMs: number;
}

/** Accepts API keys. A key in use costs no query: a revocation counts here at once, on other instances within `auth.cacheTtlMs`. */
@Injectable()
export class ApiKeyAuthenticator {
  private readonly known: ExpiringCache<KnownKey>;
  /** Counts revocations, so that a look-up that began before one is not remembered after it. */
  private revocations = 0;

  constructor(
    private readonly prisma: PrismaService,
    private readonly uses: KeyUseRecorder,
    @Inject(LIMITS_READER) limits: Limits,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.known = new ExpiringCache(limits, clock);
  }

  async authenticate(key: string): Promise<Principal | undefined> {
    const hash = hashApiKey(key);
    const known = this.known.get(hash) ?? (await this.lookUp(hash));
    if (!known || known.expiresAtMs <= this.clock.now()) return undefined;
    this.uses.record(known.id, known.lastUsedAtMs);
    return known.principal;
  }

  /** To be called after a key was revoked. */
  forget(hash: string): void {
    this.revocations++;
    this.known.delete(hash);
  }

  private async lookUp(hash: string): Promise<KnownKey | undefined> {
    const { revocations } = this;
    const row = await this.prisma.apiKey.findUnique({ where: { hash }, include: { account: true } });
    if (!row || row.revokedAt) return undefined;
    const known: KnownKey = {
      id: row.id,
      principal: { userId: row.accountId, role: row.role as Role, plan: row.account.plan, scopes: row.scopes },
      expiresAtMs: row.expiresAt?.getTime() ?? Infinity,
      lastUsedAtMs: row.lastUsedAt?.getTime() ?? 0,
    };
    if (revocations === this.revocations) this.known.set(hash, known);
    return known;
  }
}
