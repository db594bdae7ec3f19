import { Controller, Get, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { AdminOnly, type Page, type PageQuery, pageQuerySchema, RequiresScope } from '../../http/index.js';
import { type AlertEpisode, AlertHistory } from './alert-history.js';
import { type AlertEvaluation, AlertsService } from './alerts.service.js';
import type { Alert } from './evaluate-alert.js';

@ApiTags('metrics')
@RequiresScope('metrics')
@AdminOnly()
@Controller('api/metrics/alerts')
export class AlertsController {
  constructor(
    private readonly alerts: AlertsService,
    private readonly history: AlertHistory,
  ) {}

  /** A list of fixed length, in the shape of all lists. */
  @Get()
  @ApiOperation({ summary: 'The built-in alerts, evaluated now over the last alert.windowMs. Thresholds are limits (alert.*).' })
  async list(): Promise<Omit<AlertEvaluation, 'items'> & Page<Alert & { readonly since: string | null }>> {
    const [{ window, items }, since] = await Promise.all([this.alerts.evaluate(), this.history.firingSince()]);
    return { window, items: items.map((alert) => ({ ...alert, since: (alert.state === 'firing' && since.get(alert.id)?.toISOString()) || null })), nextCursor: null };
  }

  @Get('history')
  @ApiOperation({ summary: 'When alerts fired and when they ended, the latest first.' })
  listHistory(@Query({ schema: pageQuerySchema }) query: PageQuery): Promise<Page<AlertEpisode>> {
    return this.history.list(query);
  }
}
