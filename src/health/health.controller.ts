import { Controller, Get, HttpStatus, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { AdminOnly, Public } from '../http/index.js';
import { type Health, HealthService, type HealthStatus } from './health.service.js';

/** What anybody may know: which parts are well, not where they are nor how full. */
export interface HealthSummary {
  readonly status: HealthStatus;
  readonly parts: Readonly<Record<string, string>>;
}

@ApiTags('health')
@Controller('health')
export class HealthController {
  constructor(private readonly health: HealthService) {}

  @Public()
  @Get('live')
  @ApiOperation({ summary: 'Answers as long as the process does; restart it when this does not.' })
  live(): { status: 'ok' } {
    return { status: 'ok' };
  }

  @Public()
  @Get('ready')
  @ApiOperation({ summary: 'Whether to send requests here: the database answers and the instance is not shutting down. 503 otherwise.' })
  async ready(@Res({ passthrough: true }) response: Response): Promise<HealthSummary> {
    return summarize(await this.health.readiness(), response);
  }

  @Public()
  @Get()
  @ApiOperation({ summary: 'The state of every part: up, degraded or down. 503 when a part is down that nothing works without.' })
  async overview(@Res({ passthrough: true }) response: Response): Promise<HealthSummary> {
    return summarize(await this.health.overview(), response);
  }

  @AdminOnly()
  @Get('details')
  @ApiOperation({ summary: 'The state of every part with figures and error messages, for admins.' })
  async details(@Res({ passthrough: true }) response: Response): Promise<Health> {
    const health = await this.health.overview();
    setStatus(health, response);
    return health;
  }
}

function summarize(health: Health, response: Response): HealthSummary {
  setStatus(health, response);
  const parts = Object.entries(health.parts).map(([name, part]) => [name, part.status]);
  return { status: health.status, parts: Object.fromEntries(parts) as Record<string, string> };
}

function setStatus({ status }: Health, response: Response): void {
  const serves = status === 'ok' || status === 'degraded';
  response.status(serves ? HttpStatus.OK : HttpStatus.SERVICE_UNAVAILABLE);
  response.setHeader('Cache-Control', 'no-store');
}
