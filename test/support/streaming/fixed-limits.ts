import { type LimitKey, type Limits, LIMITS, type LimitsSnapshot, type LimitValue, type LimitValues } from '../../../src/limits/index.js';

/** The registry's defaults, with values of a test's choice, which may change while it runs. */
export class FixedLimits implements Limits {
  private readonly values: LimitValues;

  constructor(chosen: Partial<LimitValues> = {}) {
    const defaults = Object.fromEntries(Object.entries(LIMITS).map(([key, definition]) => [key, definition.default]));
    this.values = { ...(defaults as LimitValues), ...chosen };
  }

  change(chosen: Partial<LimitValues>): void {
    Object.assign(this.values, chosen);
  }

  snapshot(): LimitsSnapshot {
    return { revision: 0, values: this.values, arms: [] };
  }

  value<Key extends LimitKey>(key: Key): LimitValue<Key> {
    return this.values[key];
  }

  of<Key extends LimitKey>(snapshot: LimitsSnapshot, key: Key): LimitValue<Key> {
    return snapshot.values[key];
  }
}
