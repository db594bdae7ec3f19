// What the page knows of the limits, and the one way it changes them.
import { call, callForAll, withQuery } from '../api.js';

const CHANGES_SHOWN = 50;

/** Others changed the limits after this page read them. Nothing was written. */
export class StaleLimits extends Error {
  /**
   * @param revision the revision now, to decide anew on
   * @param changes what happened in between, the latest first
   */
  constructor(revision, changes) {
    super('Others changed the limits while you decided, so nothing was written. See what they did, then try again or leave it.');
    this.revision = revision;
    this.changes = changes;
  }
}

/** Fires `change` whenever something else was read, and `announce` with words for those who do not see it. */
export class LimitsData extends EventTarget {
  revision = -1;
  readAt = null;
  items = [];
  /** The profile that is on, or null. */
  emergency = null;
  /** What an emergency caps unless told otherwise. */
  emergencyDefaults = {};
  /** Overrides of every scope by key. */
  overrides = new Map();

  async load() {
    const [list, emergency, overrides] = await Promise.all([call('GET', '/api/limits'), call('GET', '/api/limits/emergency'), callForAll('/api/limits/overrides')]);
    this.readAt = new Date();
    if (list.revision < this.revision) return; // a slow answer from before a change
    const before = JSON.stringify([this.revision, this.emergency, this.items]);
    this.revision = list.revision;
    this.items = list.items;
    this.emergency = emergency.emergency;
    this.emergencyDefaults = emergency.defaultValues;
    this.overrides = Map.groupBy(overrides, ({ key }) => key);
    // Values expire without a revision of their own, so everything is compared.
    if (JSON.stringify([this.revision, this.emergency, this.items]) !== before) this.dispatchEvent(new Event('change'));
  }

  item(key) {
    return this.items.find((item) => item.key === key);
  }

  /** Every intent has a limit of its own. */
  get intents() {
    const prefix = 'iteration.maxByIntent.';
    return this.items.flatMap(({ key }) => (key.startsWith(prefix) ? [key.slice(prefix.length)] : []));
  }

  /**
   * Changes something on the ground of the revision that the person saw.
   * @param revision leave it out to change whatever is there
   * @throws StaleLimits or ApiProblem
   */
  async change(method, path, body, revision) {
    let answer;
    try {
      answer = await call(method, path, { ...body, revision });
    } catch (error) {
      if (error.code !== 'stale_revision') throw error;
      const { items } = await call('GET', withQuery('/api/limits/history', { limit: CHANGES_SHOWN }));
      await this.load();
      throw new StaleLimits(this.revision, items.filter((entry) => entry.revision > revision));
    }
    await this.load();
    return answer;
  }

  announce(text) {
    this.dispatchEvent(new CustomEvent('announce', { detail: text }));
  }
}
