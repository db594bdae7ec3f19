import { Controller, Get, Inject, Req, Res } from '@nestjs/common';
import { ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import type { Request, Response } from 'express';
import { CONFIG, type Config } from '../../config/index.js';
import { Public } from '../../http/index.js';
import { Metrics } from '../metrics.js';
import { assertMayScrape } from './scrape-access.js';

@ApiTags('metrics')
@Controller()
export class ExpositionController {
  constructor(
    private readonly metrics: Metrics,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Public for the guard, because scrapers have a token of their own instead of an account. */
  @Public()
  @Get('metrics')
  @ApiOperation({ summary: 'Metrics of this instance in Prometheus text format. Bearer METRICS_TOKEN when one is configured, else loopback only.' })
  @ApiProduces('text/plain')
  async scrape(@Req() request: Request, @Res({ passthrough: true }) response: Response): Promise<string> {
    assertMayScrape(request, this.config.metricsToken);
    response.setHeader('Content-Type', this.metrics.contentType);
    response.setHeader('Cache-Control', 'no-store');
    return this.metrics.expose();
  }
}
