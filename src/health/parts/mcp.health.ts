import { Injectable } from '@nestjs/common';
import { type HealthIndicatorResult, HealthIndicatorService } from '@nestjs/terminus';
import { McpServers } from '../../tools/index.js';
import type { HealthPart } from '../health-part.port.js';

/** Whether all MCP servers of the configuration are connected. Never down: everything but their tools works without them. */
@Injectable()
export class McpHealth implements HealthPart {
  readonly name = 'mcp' as const;

  constructor(
    private readonly indicators: HealthIndicatorService,
    private readonly servers: McpServers,
  ) {}

  get isConfigured(): boolean {
    return this.servers.states().length > 0;
  }

  async check(): Promise<HealthIndicatorResult> {
    const indicator = this.indicators.check(this.name);
    const servers = this.servers.states();
    return servers.every((server) => server.isUp) ? indicator.up({ servers }) : indicator.degraded({ servers });
  }
}
