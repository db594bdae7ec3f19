import { Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { ModelBreakerModule } from '../models/index.js';
import { McpModule, SandboxModule } from '../tools/index.js';
import { HealthController } from './health.controller.js';
import { HealthService } from './health.service.js';
import { DatabaseHealth } from './parts/database.health.js';
import { DiskHealth } from './parts/disk.health.js';
import { DrainHealth } from './parts/drain.health.js';
import { EventLoopHealth } from './parts/event-loop.health.js';
import { McpHealth } from './parts/mcp.health.js';
import { MemoryHealth } from './parts/memory.health.js';
import { ModelHealth } from './parts/model.health.js';
import { RedisHealth } from './parts/redis.health.js';
import { SandboxHealth } from './parts/sandbox.health.js';

@Module({
  // Terminus would log every failed probe.
  imports: [TerminusModule.forRoot({ logger: false }), ModelBreakerModule, SandboxModule, McpModule],
  controllers: [HealthController],
  providers: [HealthService, DatabaseHealth, DiskHealth, DrainHealth, EventLoopHealth, McpHealth, MemoryHealth, ModelHealth, RedisHealth, SandboxHealth],
})
export class HealthModule {}
