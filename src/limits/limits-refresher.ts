import { Inject, Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { CLOCK, type Clock } from '../common/index.js';
import { DATABASE_CONNECTION, type DatabaseConnection } from '../database/index.js';
import { LIMITS_CHANNEL, LimitsStore } from './limits-store.js';
import { LimitsService } from './limits.service.js';

/**
 * Keeps this instance's limits as the database says: by notification within moments, by a poll when
 * notifications get lost. While the database is away the last good values stay in force.
 */
@Injectable()
export class LimitsRefresher implements OnModuleDestroy {
  private readonly logger = new Logger(LimitsRefresher.name);
  private current: Promise<void> = Promise.resolve();
  private next: Promise<void> | undefined;
  private isDatabaseAway = false;
  private isStopped = false;
  private freshAtMs: number;
  private cancelPoll = (): void => undefined;
  private cancelExpiry = (): void => undefined;
  private stopListening: () => Promise<void> = async () => undefined;

  constructor(
    @Inject(DATABASE_CONNECTION) private readonly connection: DatabaseConnection,
    private readonly store: LimitsStore,
    private readonly limits: LimitsService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.freshAtMs = clock.monotonicMs();
  }

  /** Loads what is stored, then follows it until the module is destroyed. */
  async start(): Promise<void> {
    await this.store.prepare();
    this.stopListening = await this.connection.listen(LIMITS_CHANNEL, (payload) => {
      if (Number(payload) !== this.limits.revision) void this.refresh();
    });
    const askedAtMs = this.clock.monotonicMs();
    this.limits.apply(await this.store.load());
    this.markFresh(askedAtMs);
    this.scheduleExpiry();
    this.schedulePoll();
  }

  async onModuleDestroy(): Promise<void> {
    this.isStopped = true;
    this.cancelPoll();
    this.cancelExpiry();
    await this.stopListening();
    await (this.next ?? this.current);
  }

  /** How long ago the values in force were last known to be those of the database. */
  stalenessMs(): number {
    return this.clock.monotonicMs() - this.freshAtMs;
  }

  /**
   * Brings this instance up to date; never rejects. Calls made while a look is under way share the one
   * after it, since that look may have missed their change.
   */
  refresh(): Promise<void> {
    this.next ??= this.current.then(() => {
      this.next = undefined;
      this.current = this.look();
      return this.current;
    });
    return this.next;
  }

  private async look(): Promise<void> {
    const askedAtMs = this.clock.monotonicMs();
    try {
      // Unequal, not less: a database restored from a backup goes back in revisions and is the truth all the same.
      if ((await this.store.revision()) !== this.limits.revision) {
        this.limits.apply(await this.store.load());
        this.scheduleExpiry();
      }
      this.markFresh(askedAtMs);
    } catch (error) {
      if (!this.isDatabaseAway && !this.isStopped) this.logger.warn({ message: 'limits cannot be read; the last good ones stay in force', error });
      this.isDatabaseAway = true;
    }
  }

  /** An answer is as old as its question: what changed while a slow database answered is not in it. */
  private markFresh(askedAtMs: number): void {
    if (this.isDatabaseAway) this.logger.log('limits can be read again');
    this.isDatabaseAway = false;
    this.freshAtMs = askedAtMs;
  }

  private schedulePoll(): void {
    if (this.isStopped) return;
    this.cancelPoll = this.clock.schedule(() => void this.refresh().then(() => this.schedulePoll()), this.limits.value('limits.pollMs'));
  }

  /** Apart from the poll, which a database that hangs can hold up. Looks again at least as often, since timers cannot be set for months and the wall clock may jump. */
  private scheduleExpiry(): void {
    this.cancelExpiry();
    if (this.isStopped || this.limits.nextExpiryAt === Infinity) return;
    const delayMs = Math.min(this.limits.nextExpiryAt - this.clock.now(), this.limits.value('limits.pollMs'));
    this.cancelExpiry = this.clock.schedule(() => {
      this.limits.expireDue();
      this.scheduleExpiry();
    }, delayMs);
  }
}
