import { Body, Controller, Get, Headers, Inject, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { newId, type Principal } from '../../common/index.js';
import { CONFIG, type Config } from '../../config/index.js';
import { AdminOnly, CurrentPrincipal, type Page, RequiresScope } from '../../http/index.js';
import { CreditGrants } from '../accounts/credit-grants.js';
import { type LedgerEntryView, presentEntry } from '../ledger/ledger-entry.view.js';
import { type LedgerRow, Postings } from '../ledger/postings.js';
import { PriceBook } from '../prices/price-book.js';
import { presentPrice, type PriceView } from '../prices/price.view.js';
import { type GrantBody, grantSchema, type PriceBody, type PriceListQuery, priceListSchema, priceSchema, type RefundBody, refundSchema } from './billing.schemas.js';
import { IdempotentRequests } from './idempotent-requests.js';

@ApiTags('billing')
@AdminOnly()
@RequiresScope('billing')
@Controller('api/billing')
export class BillingAdminController {
  constructor(
    private readonly requests: IdempotentRequests,
    private readonly grants: CreditGrants,
    private readonly postings: Postings,
    private readonly prices: PriceBook,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  @Post('grants')
  @ApiOperation({ summary: 'Give a user credits' })
  grant(@CurrentPrincipal() admin: Principal, @Body({ schema: grantSchema }) body: GrantBody, @Headers('idempotency-key') key?: string): Promise<LedgerEntryView> {
    const request = { userId: admin.userId, scope: 'POST /api/billing/grants', key, body };
    const idempotencyKey = key ? `${admin.userId}:${key}` : newId(); // the ledger remembers a key for ever, longer than the stored answer
    return this.requests.once(request, async (tx) => this.presentEntry(await this.grants.give({ ...body, createdBy: admin.userId, idempotencyKey }, tx)));
  }

  @Post('refunds')
  @ApiOperation({ summary: 'Reverse a ledger entry, in full and once: usage is paid back, given credits are taken back' })
  refund(@CurrentPrincipal() admin: Principal, @Body({ schema: refundSchema }) body: RefundBody, @Headers('idempotency-key') key?: string): Promise<LedgerEntryView> {
    const request = { userId: admin.userId, scope: 'POST /api/billing/refunds', key, body };
    return this.requests.once(request, async (tx) => this.presentEntry(await this.postings.reverse(body.entryId, body.reason, admin.userId, tx)));
  }

  @Get('prices')
  @ApiOperation({ summary: 'Prices per model, the latest date first' })
  async listPrices(@Query({ schema: priceListSchema }) { model, ...query }: PriceListQuery): Promise<Page<PriceView>> {
    const page = await this.prices.list(query, model);
    return { ...page, items: page.items.map(presentPrice) };
  }

  @Post('prices')
  @ApiOperation({ summary: 'Add a price from a date on' })
  async addPrice(@CurrentPrincipal() admin: Principal, @Body({ schema: priceSchema }) body: PriceBody, @Headers('idempotency-key') key?: string): Promise<PriceView> {
    const request = { userId: admin.userId, scope: 'POST /api/billing/prices', key, body };
    const price = await this.requests.once(request, async (tx) => presentPrice(await this.prices.add(body, admin.userId, tx)));
    await this.prices.announce();
    return price;
  }

  private presentEntry(entry: LedgerRow): LedgerEntryView {
    return presentEntry(entry, this.config.billing.creditValueNanoUsd);
  }
}
