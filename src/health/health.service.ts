import { Inject, Injectable, Logger, ServiceUnavailableException } from '@nestjs/common';
import { HealthCheckService, type HealthCheckResult } from '@nestjs/terminus';
import { CLOCK, type Clock, DrainState } from '../common/index.js';
import { LIMITS_READER, type Limits } from '../limits/index.js';
import type { HealthPart } from './health-part.port.js';
import { DatabaseHealth } from './parts/database.health.js';
import { DiskHealth } from './parts/disk.health.js';
import { DrainHealth } from './parts/drain.health.js';
import { EventLoopHealth } from './parts/event-loop.health.js';
import { McpHealth } from './parts/mcp.health.js';
import { MemoryHealth } from './parts/memory.health.js';
import { ModelHealth } from './parts/model.health.js';
import { RedisHealth } from './parts/redis.health.js';
import { SandboxHealth } from './parts/sandbox.health.js';

/** `ok` and `degraded` serve; `error` and `shutting_down` do not. */
export type HealthStatus = HealthCheckResult['status'];

export interface Health {
  readonly status: HealthStatus;
  readonly parts: HealthCheckResult['details'];
}

interface Look {
  readonly health: Promise<Health>;
  readonly expiresAtMs: number;
  readonly wasDraining: boolean;
}

/** Looks at the parts, at most once per `health.cacheMs` however often probes ask. */
@Injectable()
export class HealthService {
  private readonly logger = new Logger(HealthService.name);
  private readonly readinessParts: readonly HealthPart[];
  private readonly allParts: readonly HealthPart[];
  private readonly looks = new Map<readonly HealthPart[], Look>();
  private lastStatus: HealthStatus = 'ok';

  constructor(
    private readonly checks: HealthCheckService,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LIMITS_READER) private readonly limits: Limits,
    private readonly drain: DrainState,
    accepting: DrainHealth,
    database: DatabaseHealth,
    eventLoop: EventLoopHealth,
    disk: DiskHealth,
    memory: MemoryHealth,
    model: ModelHealth,
    sandbox: SandboxHealth,
    redis: RedisHealth,
    mcp: McpHealth,
  ) {
    const shared = redis.isConfigured ? [redis] : [];
    this.readinessParts = [accepting, database, ...shared];
    this.allParts = [accepting, database, ...shared, model, sandbox, ...(mcp.isConfigured ? [mcp] : []), eventLoop, memory, disk];
  }

  /** Whether this instance should be sent requests. */
  readiness(): Promise<Health> {
    return this.look(this.readinessParts);
  }

  /** Everything there is to know. */
  async overview(): Promise<Health> {
    const health = await this.look(this.allParts);
    this.reportChange(health);
    return health;
  }

  private look(parts: readonly HealthPart[]): Promise<Health> {
    const nowMs = this.clock.monotonicMs();
    const wasDraining = this.drain.isDraining;
    const last = this.looks.get(parts);
    if (last && nowMs < last.expiresAtMs && last.wasDraining === wasDraining) return last.health;
    const health = this.examine(parts);
    this.looks.set(parts, { health, expiresAtMs: nowMs + this.limits.value('health.cacheMs'), wasDraining });
    return health;
  }

  private async examine(parts: readonly HealthPart[]): Promise<Health> {
    const { status, details } = await this.checks.check(parts.map((part) => () => part.check())).catch(resultOfFailedCheck);
    return { status: this.drain.isDraining ? 'shutting_down' : status, parts: details };
  }

  /** One line per change instead of one per probe. */
  private reportChange({ status, parts }: Health): void {
    if (status === this.lastStatus) return;
    this.lastStatus = status;
    if (status === 'ok') this.logger.log({ message: 'health is ok again' });
    else this.logger.warn({ message: 'health changed', status, parts });
  }
}

/** Terminus tells bad health by an exception made for its own error page. */
function resultOfFailedCheck(error: unknown): HealthCheckResult {
  if (error instanceof ServiceUnavailableException) return error.getResponse() as HealthCheckResult;
  throw error;
}
