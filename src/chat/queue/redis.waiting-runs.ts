import { RedisScript, type RedisServer } from '../../redis/index.js';
import type { QueuedRun } from './run-queue.port.js';

/** KEYS: the set. ARGV: what the members of a user begin with → the first of them, taken out, and whether there are more. */
const TAKE = new RedisScript(`
local found = redis.call('ZRANGE', KEYS[1], '[' .. ARGV[1], '(' .. ARGV[1] .. '\\255', 'BYLEX', 'LIMIT', 0, 2)
if found[1] then redis.call('ZREM', KEYS[1], found[1]) end
return {found[1] or '', found[2] and 1 or 0}
`);

/** KEYS: the set of waiting runs, the set of places. ARGV: a new place, the most of both together, life of a place in ms → whether it is kept */
const RESERVE = new RedisScript(`
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
if redis.call('ZCARD', KEYS[1]) + redis.call('ZCARD', KEYS[2]) >= tonumber(ARGV[2]) then return 0 end
redis.call('ZADD', KEYS[2], now + ARGV[3], ARGV[1])
redis.call('PEXPIRE', KEYS[2], ARGV[3])
return 1
`);

/** How long a place is kept by an instance that is lost in the middle of an admission. */
const PLACE_LIFE_MS = 30_000;

/**
 * The runs that wait on all instances together: one sorted set in which those of a user lie side by side, in the
 * order of their ids, which is the order of their admission. A run is in it once.
 */
export class RedisWaitingRuns {
  private readonly key: string;
  private readonly placesKey: string;

  constructor(private readonly redis: RedisServer) {
    this.key = redis.key('queue', 'waiting');
    this.placesKey = redis.key('queue', 'places');
  }

  /** Keeps a place unless that would make more than `maxRuns` of those and of waiting runs. */
  async reserve(place: string, maxRuns: number): Promise<boolean> {
    return (await RESERVE.run(this.redis.commands, [this.key, this.placesKey], [place, maxRuns, PLACE_LIFE_MS])) === 1;
  }

  async release(place: string): Promise<void> {
    await this.redis.commands.zrem(this.placesKey, place);
  }

  async add(runs: readonly QueuedRun[]): Promise<void> {
    if (runs.length > 0) await this.redis.commands.zadd(this.key, ...runs.flatMap(({ runId, userId }) => ['0', prefixOf(userId) + runId]));
  }

  count(): Promise<number> {
    return this.redis.commands.zcard(this.key);
  }

  /** Takes the first of a user; its id is undefined when none waits any more. */
  async takeOf(userId: string): Promise<{ runId: string | undefined; hasMore: boolean }> {
    const prefix = prefixOf(userId);
    const [member, more] = (await TAKE.run(this.redis.commands, [this.key], [prefix])) as [string, number];
    return { runId: member === '' ? undefined : member.slice(prefix.length), hasMore: more === 1 };
  }

  /** Users of up to `limit` waiting runs. */
  async users(limit: number): Promise<string[]> {
    const members = await this.redis.commands.zrange(this.key, 0, `${limit - 1}`);
    return [...new Set(members.map((member) => decodeURIComponent(member.slice(0, member.indexOf(':')))))];
  }
}

function prefixOf(userId: string): string {
  return `${encodeURIComponent(userId)}:`;
}
