import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '../common/index.js';
import { CONFIG, type Config } from '../config/index.js';
import type { LimitKey, LimitValue, LimitValues } from './limit-registry.js';
import { parseLimitVariables } from './limit-variables.js';
import type { Limits, LimitsSnapshot, LimitSubject } from './limits-snapshot.js';
import { capped, LimitsView } from './limits-view.js';
import type { BaseLayers } from './resolve-limit.js';
import { inForce, nextExpiry, NOTHING_STORED, type StoredLimits } from './stored-limits.js';

/**
 * Resolved limits in memory: reading does no I/O and takes no time of day. Whoever knows of a change,
 * in the database or by the clock, puts a new view in place.
 */
@Injectable()
export class LimitsService implements Limits {
  private readonly base: BaseLayers;
  private stored: StoredLimits = NOTHING_STORED;
  private expiresNextAt = Infinity;
  private view: LimitsView;
  // The two that are read at every turn, one load away.
  private values: LimitValues;
  private caps: Partial<LimitValues> | null;

  constructor(
    @Inject(CONFIG) config: Pick<Config, 'limitsProfile' | 'limitVariables'>,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.base = { profile: config.limitsProfile, environment: parseLimitVariables(config.limitVariables) };
    this.view = new LimitsView(this.base, NOTHING_STORED);
    this.values = this.view.values;
    this.caps = this.view.caps;
  }

  value<Key extends LimitKey>(key: Key): LimitValue<Key> {
    return this.values[key];
  }

  of<Key extends LimitKey>(snapshot: LimitsSnapshot, key: Key): LimitValue<Key> {
    // A snapshot that an older version pinned lacks the limits that are new since.
    const pinned = snapshot.values[key] ?? this.values[key];
    return this.caps === null ? pinned : capped(key, pinned, this.caps);
  }

  snapshot(subject: LimitSubject): LimitsSnapshot {
    return this.view.snapshot(subject);
  }

  explain(subject: Partial<LimitSubject>): ReturnType<LimitsView['explain']> {
    return this.view.explain(subject);
  }

  /** The database's revision that is in force here. */
  get revision(): number {
    return this.stored.revision;
  }

  /** The emergency profile, while it is on. */
  get emergency(): StoredLimits['emergency'] {
    return this.view.stored.emergency;
  }

  /** When something runs out next, in epoch ms; Infinity for never. */
  get nextExpiryAt(): number {
    return this.expiresNextAt;
  }

  /** Takes over what the database says. */
  apply(stored: StoredLimits): void {
    this.stored = stored;
    this.rebuild();
  }

  /** Drops what has run out by now. */
  expireDue(): void {
    if (this.clock.now() >= this.expiresNextAt) this.rebuild();
  }

  private rebuild(): void {
    const now = this.clock.now();
    this.expiresNextAt = nextExpiry(this.stored, now);
    this.view = new LimitsView(this.base, inForce(this.stored, now));
    this.values = this.view.values;
    this.caps = this.view.caps;
  }
}
