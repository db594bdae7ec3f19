import { Injectable } from '@nestjs/common';
import { type HealthIndicatorResult, HealthIndicatorService } from '@nestjs/terminus';
import { DrainState } from '../../common/index.js';
import type { HealthPart } from '../health-part.port.js';

/** Down as soon as the instance begins to leave, so that load balancers send nothing more. */
@Injectable()
export class DrainHealth implements HealthPart {
  readonly name = 'accepting';

  constructor(
    private readonly indicators: HealthIndicatorService,
    private readonly drain: DrainState,
  ) {}

  async check(): Promise<HealthIndicatorResult> {
    const indicator = this.indicators.check(this.name);
    return this.drain.isDraining ? indicator.down('This instance is shutting down.') : indicator.up();
  }
}
