import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Principal } from '../common/index.js';
import { AdminOnly, CurrentPrincipal, type Page, type PageQuery, pageQuerySchema, RequiresScope } from '../http/index.js';
import { type OverrideView, LimitsAdminService } from './limits-admin.service.js';
import { type EffectiveLimits, type LimitItem, type LimitList, LimitsCatalogueService } from './limits-catalogue.service.js';
import { type HistoryEntry, LimitsHistoryService } from './limits-history.service.js';
import {
  type EffectiveQuery,
  effectiveQuerySchema,
  type HistoryQuery,
  historyQuerySchema,
  type RemoveOverride,
  removeOverrideQuerySchema,
  removeOverrideSchema,
  type Revert,
  revertSchema,
  type SetOverride,
  setOverrideSchema,
} from './limits.schemas.js';

type ChangedLimit = Partial<LimitItem> & { readonly revision: number };

@ApiTags('limits')
@RequiresScope('limits')
@Controller('api/limits')
export class LimitsController {
  constructor(
    private readonly catalogue: LimitsCatalogueService,
    private readonly admin: LimitsAdminService,
    private readonly history: LimitsHistoryService,
  ) {}

  @Get()
  @ApiOperation({ summary: 'Every limit with its value for everybody' })
  list(): LimitList {
    return this.catalogue.list();
  }

  @Get('effective')
  @AdminOnly()
  @ApiOperation({ summary: 'Every limit for a user, plan and intent, with the layer that won and why the others did not' })
  effective(@Query({ schema: effectiveQuerySchema }) query: EffectiveQuery): Promise<EffectiveLimits> {
    return this.catalogue.effective(query);
  }

  @Get('overrides')
  @AdminOnly()
  @ApiOperation({ summary: 'The overrides in force, of every scope' })
  overrides(@Query({ schema: pageQuerySchema }) query: PageQuery): Promise<Page<OverrideView>> {
    return this.admin.listOverrides(query);
  }

  @Get('history')
  @AdminOnly()
  @ApiOperation({ summary: 'All changes of limits, the latest first' })
  listHistory(@Query({ schema: historyQuerySchema }) query: HistoryQuery): Promise<Page<HistoryEntry>> {
    return this.history.list(query);
  }

  @Post('history/:id/revert')
  @HttpCode(200)
  @AdminOnly()
  @ApiOperation({ summary: 'Put back what was in force before a change' })
  async revert(@Param('id') id: string, @Body({ schema: revertSchema }) body: Revert | undefined, @CurrentPrincipal() principal: Principal): Promise<{ revision: number }> {
    return { revision: await this.history.revert(id, body ?? {}, principal.userId) };
  }

  @Put(':key')
  @AdminOnly()
  @ApiOperation({ summary: 'Override a limit for everybody, a plan, an intent or a user' })
  async set(@Param('key') key: string, @Body({ schema: setOverrideSchema }) body: SetOverride, @CurrentPrincipal() principal: Principal): Promise<ChangedLimit> {
    return this.changed(key, await this.admin.setOverride(key, body, principal.userId));
  }

  @Delete(':key')
  @AdminOnly()
  @ApiOperation({ summary: 'Remove an override' })
  async remove(
    @Param('key') key: string,
    @Body({ schema: removeOverrideSchema }) body: RemoveOverride | undefined,
    @Query({ schema: removeOverrideQuerySchema }) query: RemoveOverride,
    @CurrentPrincipal() principal: Principal,
  ): Promise<ChangedLimit> {
    return this.changed(key, await this.admin.removeOverride(key, { ...query, ...body }, principal.userId));
  }

  /** The revision that the change made, with the limit as it is now for everybody. */
  private changed(key: string, revision: number): ChangedLimit {
    return { ...this.catalogue.list().items.find((item) => item.key === key), revision };
  }
}
