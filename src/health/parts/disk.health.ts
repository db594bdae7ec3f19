import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import { type HealthIndicatorResult, HealthIndicatorService } from '@nestjs/terminus';
import { CONFIG, type Config } from '../../config/index.js';
import { LIMITS_READER, type Limits } from '../../limits/index.js';
import type { HealthPart } from '../health-part.port.js';

/** Space for the embedded database and the managed workspaces. */
@Injectable()
export class DiskHealth implements HealthPart {
  readonly name = 'disk';

  constructor(
    private readonly indicators: HealthIndicatorService,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LIMITS_READER) private readonly limits: Limits,
  ) {}

  async check(): Promise<HealthIndicatorResult> {
    const indicator = this.indicators.check(this.name);
    try {
      const freeBytes = await freeBytesUnder(this.config.dataDir);
      return freeBytes < this.limits.value('health.minDiskFreeBytes') ? indicator.degraded({ freeBytes }) : indicator.up({ freeBytes });
    } catch (error) {
      return indicator.degraded(`The free space cannot be told: ${(error as Error).message}`);
    }
  }
}

/** A data folder that was never needed is not there yet; then its parent says how much it would have. */
async function freeBytesUnder(directory: string): Promise<number> {
  try {
    const { bavail, bsize } = await statfs(directory);
    return bavail * bsize;
  } catch (error) {
    const parent = dirname(directory);
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || parent === directory) throw error;
    return freeBytesUnder(parent);
  }
}
