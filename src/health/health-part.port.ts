import type { HealthIndicatorResult } from '@nestjs/terminus';

/** One thing that Lomu needs or may run out of. */
export interface HealthPart {
  readonly name: string;
  /**
   * `down` means that this instance cannot serve, `degraded` that it serves but somebody should look.
   * Cheap, and never a call that costs money. Details are for admins: they may name hosts and folders.
   */
  check(): Promise<HealthIndicatorResult>;
}
