import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '../../common/index.js';
import { type Database, PrismaService } from '../../database/index.js';
import { Idempotency, type IdempotencyClaim } from '../../http/index.js';

export interface CreatingRequest {
  readonly userId: string;
  /** Which call, e.g. `POST /api/billing/grants`. */
  readonly scope: string;
  /** The Idempotency-Key, if there is one. */
  readonly key: string | undefined;
  readonly body: object;
}

/** Makes what a POST asks for and the stored answer of its Idempotency-Key in one transaction. */
@Injectable()
export class IdempotentRequests {
  constructor(
    private readonly prisma: PrismaService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /**
   * @returns what `create` made, or the answer that an equal request got before
   * @throws AppError `idempotency_mismatch` when the key came with another body; what `create` throws
   */
  async once<View extends { readonly id: string }>({ userId, scope, key, body }: CreatingRequest, create: (database: Database) => Promise<View>): Promise<View> {
    const claim = Idempotency.claim(userId, scope, key, withoutBigints(body));
    const earlier = await this.replay<View>(claim);
    if (earlier) return earlier;
    try {
      return await this.prisma.$transaction(async (tx) => {
        const view = await create(tx);
        await Idempotency.store(tx, claim, view.id, view, new Date(this.clock.now()));
        return view;
      });
    } catch (error) {
      const winner = Idempotency.lostRace(error, claim) ? await this.replay<View>(claim) : undefined;
      if (!winner) throw error;
      return winner;
    }
  }

  private async replay<View>(claim: IdempotencyClaim | undefined): Promise<View | undefined> {
    return (await Idempotency.replay(this.prisma, claim, new Date(this.clock.now()))) as View | undefined;
  }
}

function withoutBigints(body: object): unknown {
  return JSON.parse(JSON.stringify(body, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value)));
}
