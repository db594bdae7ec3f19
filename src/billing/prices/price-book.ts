import { Inject, Injectable } from '@nestjs/common';
import { AppError, CLOCK, type Clock, newId } from '../../common/index.js';
import { type Database, Prisma, PrismaService } from '../../database/index.js';
import { type Limits, LIMITS_READER } from '../../limits/index.js';
import { behind, decodeCursor, type Page, type PageQuery, toPage } from '../../http/index.js';
import { type PriceRow, PriceTable } from './price-table.js';

/** A price an admin sets, in nano-USD per token. */
export interface NewPrice {
  readonly model: string;
  readonly effectiveFrom: Date;
  readonly inputNanoUsd: bigint;
  readonly cachedInputNanoUsd: bigint;
  readonly outputNanoUsd: bigint;
  /** Prices of a whole request whose prompt is longer than `threshold` tokens. */
  readonly longContext?: { readonly threshold: number; readonly inputNanoUsd: bigint; readonly cachedInputNanoUsd: bigint; readonly outputNanoUsd: bigint };
  readonly source: string;
}

const UNIQUE_VIOLATION = 'P2002';

/** What admins see and add. A price is never changed or taken away: a later date replaces it. */
@Injectable()
export class PriceBook {
  constructor(
    private readonly prisma: PrismaService,
    private readonly table: PriceTable,
    @Inject(LIMITS_READER) private readonly limits: Limits,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** The latest dates first, those still to come included. */
  async list({ cursor, limit }: PageQuery, model?: string): Promise<Page<PriceRow>> {
    const rows = await this.prisma.modelPrice.findMany({
      where: { model, ...behind('effectiveFrom', decodeCursor(cursor)) },
      orderBy: [{ effectiveFrom: 'desc' }, { id: 'asc' }],
      take: limit + 1,
    });
    return toPage(rows, limit, (row) => ({ at: row.effectiveFrom, id: row.id }), (row) => row);
  }

  /** @throws AppError `already_exists` for a model and date that have a price, `limit_exceeded` */
  async add({ longContext, ...price }: NewPrice, createdBy: string, database: Database = this.prisma): Promise<PriceRow> {
    const maxPrices = this.limits.value('billing.maxPrices');
    if ((await database.modelPrice.count()) >= maxPrices) {
      throw new AppError('limit_exceeded', `There are ${maxPrices} prices already. Raise billing.maxPrices.`, { extensions: { limit: 'billing.maxPrices', value: maxPrices } });
    }
    const data = {
      ...price,
      id: newId(),
      longContextThreshold: longContext?.threshold,
      longInputNanoUsd: longContext?.inputNanoUsd,
      longCachedInputNanoUsd: longContext?.cachedInputNanoUsd,
      longOutputNanoUsd: longContext?.outputNanoUsd,
      sourceDate: new Date(this.clock.now()),
      createdBy,
    };
    return database.modelPrice.create({ data }).catch((error: unknown) => {
      if (!(error instanceof Prisma.PrismaClientKnownRequestError && error.code === UNIQUE_VIOLATION)) throw error;
      throw new AppError('already_exists', `${price.model} has a price from ${price.effectiveFrom.toISOString()} on already. Choose another date.`);
    });
  }

  /** Lets this instance price by what was added at once; others see it after `billing.priceCacheMs`. */
  announce(): Promise<void> {
    return this.table.reload();
  }
}
