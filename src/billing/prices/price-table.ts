import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { AppError, CLOCK, type Clock, newId } from '../../common/index.js';
import { CONFIG, type Config } from '../../config/index.js';
import { type Prisma, PrismaService } from '../../database/index.js';
import { type Limits, LIMITS_READER } from '../../limits/index.js';
import { FREE, type ModelRates, nanoUsdPerToken } from './cost.js';
import { type ListedPrice, PRICE_LIST } from './price-list.js';

export type PriceRow = Prisma.ModelPriceGetPayload<object>;

/** Far longer than a hold can stand or its usage take to turn up. */
const LATELY_MS = 7 * 86_400_000;

/** Effective-dated prices, kept in memory and read again after `billing.priceCacheMs`, so that a change on another instance is seen. */
@Injectable()
export class PriceTable implements OnModuleInit {
  /** Per model, the newest date first. */
  private rows: ReadonlyMap<string, readonly PriceRow[]> = new Map();
  private loadedAtMs = Number.NEGATIVE_INFINITY;
  private loading?: Promise<void>;

  constructor(
    private readonly prisma: PrismaService,
    @Inject(LIMITS_READER) private readonly limits: Limits,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Rows are never changed, because usage points at them: neither an admin's nor those of an older list. */
  async onModuleInit(): Promise<void> {
    await this.prisma.modelPrice.createMany({ data: PRICE_LIST.map(toRow), skipDuplicates: true });
    await this.reload();
  }

  /**
   * @param at the time of the call; default now
   * @throws AppError `unpriced_model` unless models without a price are allowed
   */
  async ratesOf(model: string, at = new Date(this.clock.now())): Promise<ModelRates> {
    if (this.clock.monotonicMs() - this.loadedAtMs > this.limits.value('billing.priceCacheMs')) await this.loadOnce();
    const row = this.rows.get(model)?.find((candidate) => candidate.effectiveFrom <= at);
    if (row) return toRates(row);
    if (this.config.billing.allowUnpricedModels) return FREE;
    throw new AppError('unpriced_model', `${model} has no price, so its use could not be billed. An admin can add one with POST /api/billing/prices.`);
  }

  /** Whether a call that is settled now may have been held at another price. */
  hasChangedLately(model: string): boolean {
    const now = this.clock.now();
    return this.rows.get(model)?.some(({ effectiveFrom }) => effectiveFrom.getTime() <= now && effectiveFrom.getTime() > now - LATELY_MS) ?? false;
  }

  /** Takes over what the table says now. */
  async reload(): Promise<void> {
    await this.loading; // may have begun too early to see what this caller knows of
    await this.load();
  }

  /** Calls that come together share one look. */
  private loadOnce(): Promise<void> {
    this.loading ??= this.load().finally(() => (this.loading = undefined));
    return this.loading;
  }

  private async load(): Promise<void> {
    const rows = await this.prisma.modelPrice.findMany({ orderBy: { effectiveFrom: 'desc' }, take: this.limits.value('billing.maxPrices') });
    const byModel = new Map<string, PriceRow[]>();
    for (const row of rows) byModel.set(row.model, [...(byModel.get(row.model) ?? []), row]);
    this.rows = byModel;
    this.loadedAtMs = this.clock.monotonicMs();
  }
}

function toRates(row: PriceRow): ModelRates {
  const { longContextThreshold: threshold, longInputNanoUsd, longCachedInputNanoUsd, longOutputNanoUsd } = row;
  const hasLongTier = threshold !== null && longInputNanoUsd !== null && longCachedInputNanoUsd !== null && longOutputNanoUsd !== null;
  return {
    priceId: row.id,
    input: row.inputNanoUsd,
    cachedInput: row.cachedInputNanoUsd,
    output: row.outputNanoUsd,
    ...(hasLongTier ? { longContext: { threshold, input: longInputNanoUsd, cachedInput: longCachedInputNanoUsd, output: longOutputNanoUsd } } : {}),
  };
}

function toRow(price: ListedPrice): Prisma.ModelPriceCreateManyInput {
  const long = price.longContext;
  return {
    id: newId(),
    model: price.model,
    effectiveFrom: new Date(price.effectiveFrom),
    inputNanoUsd: nanoUsdPerToken(price.inputUsd),
    cachedInputNanoUsd: nanoUsdPerToken(price.cachedInputUsd),
    outputNanoUsd: nanoUsdPerToken(price.outputUsd),
    longContextThreshold: long?.threshold ?? null,
    longInputNanoUsd: long ? nanoUsdPerToken(long.inputUsd) : null,
    longCachedInputNanoUsd: long ? nanoUsdPerToken(long.cachedInputUsd) : null,
    longOutputNanoUsd: long ? nanoUsdPerToken(long.outputUsd) : null,
    source: price.source,
    sourceDate: new Date(price.sourceDate),
    createdBy: 'price list',
  };
}
