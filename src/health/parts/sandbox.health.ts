import { Inject, Injectable } from '@nestjs/common';
import { type HealthIndicatorResult, HealthIndicatorService } from '@nestjs/terminus';
import { CONFIG, type Config } from '../../config/index.js';
import { SANDBOX, type Sandbox } from '../../tools/index.js';
import type { HealthPart } from '../health-part.port.js';

/** Whether the agent can run commands. Without, everything else still works; switched off on purpose, nothing is wrong. */
@Injectable()
export class SandboxHealth implements HealthPart {
  readonly name = 'sandbox';

  constructor(
    private readonly indicators: HealthIndicatorService,
    @Inject(SANDBOX) private readonly sandbox: Sandbox,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  async check(): Promise<HealthIndicatorResult> {
    const indicator = this.indicators.check(this.name);
    const { availability } = this.sandbox;
    if (availability.isAvailable) return indicator.up({ detail: availability.detail });
    return this.config.sandbox.kind === 'off' ? indicator.up({ detail: availability.reason }) : indicator.degraded(availability.reason);
  }
}
