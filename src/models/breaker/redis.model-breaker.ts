import { Logger } from '@nestjs/common';
import type { Clock } from '../../common/index.js';
import type { Limits } from '../../limits/index.js';
import type { RedisServer } from '../../redis/index.js';
import type { ModelId } from '../language-model.port.js';
import { breakerThresholds } from './breaker-thresholds.js';
import { MemoryModelBreaker } from './memory.model-breaker.js';
import type { BreakerState, CallOutcome, ModelBreaker } from './model-breaker.port.js';

/** `open`: until when no call is let through. Keys live a while longer than they matter, so that nothing is left behind. */
const ADMIT = `
local open = tonumber(redis.call('HGET', KEYS[1], 'open'))
if not open then return {'closed', 0} end
local now, openMs = tonumber(ARGV[1]), tonumber(ARGV[2])
if now < open then return {'open', open - now} end
redis.call('HSET', KEYS[1], 'open', now + openMs)
redis.call('PEXPIRE', KEYS[1], openMs * 2 + 60000)
return {'probing', openMs}`;

/** Counts an outcome within the window, opens, and closes. */
const REPORT = `
local now, openMs, windowMs, minCalls, share, outcome = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]), ARGV[6]
local open = tonumber(redis.call('HGET', KEYS[1], 'open'))
if open then
  if outcome == 'succeeded' then redis.call('DEL', KEYS[1]) return {'closed', 0} end
  return {'open', math.max(0, open - now)}
end
local windowEnds = tonumber(redis.call('HGET', KEYS[1], 'windowEnds'))
if outcome == 'neutral' or (outcome == 'succeeded' and not windowEnds) then return {'closed', 0} end
if not windowEnds or now >= windowEnds then
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1], 'windowEnds', now + windowMs, 'calls', 0, 'failures', 0)
end
local calls = redis.call('HINCRBY', KEYS[1], 'calls', 1)
local failures = redis.call('HINCRBY', KEYS[1], 'failures', outcome == 'failed' and 1 or 0)
redis.call('PEXPIRE', KEYS[1], windowMs)
if calls < minCalls or failures / calls < share then return {'closed', 0} end
redis.call('HSET', KEYS[1], 'open', now + openMs)
redis.call('PEXPIRE', KEYS[1], openMs * 2 + 60000)
return {'open', openMs}`;

const STATE = `
local open = tonumber(redis.call('HGET', KEYS[1], 'open'))
if not open then return {'closed', 0} end
return {'open', math.max(0, open - tonumber(ARGV[1]))}`;

/**
 * Breakers that all instances share: what one learns about a model spares the others the calls. By the clocks of the
 * instances, whose difference only shifts when a breaker opens again. While Redis is away each instance goes by what it knows itself.
 */
export class RedisModelBreaker implements ModelBreaker {
  private readonly logger = new Logger(RedisModelBreaker.name);
  private readonly own: MemoryModelBreaker;

  constructor(
    private readonly redis: RedisServer,
    private readonly limits: Limits,
    private readonly clock: Clock,
  ) {
    this.own = new MemoryModelBreaker(limits, clock);
  }

  admit(model: ModelId): Promise<BreakerState> {
    const { openMs } = breakerThresholds(this.limits);
    return this.ask(model, ADMIT, [openMs], () => this.own.admit(model));
  }

  async report(model: ModelId, outcome: CallOutcome): Promise<BreakerState> {
    const { windowMs, minCalls, failureShare, openMs } = breakerThresholds(this.limits);
    const own = await this.own.report(model, outcome);
    return this.ask(model, REPORT, [openMs, windowMs, minCalls, failureShare, outcome], () => Promise.resolve(own));
  }

  stateOf(model: ModelId): Promise<BreakerState> {
    return this.ask(model, STATE, [], () => this.own.stateOf(model));
  }

  private async ask(model: ModelId, script: string, values: readonly (string | number)[], withoutRedis: () => Promise<BreakerState>): Promise<BreakerState> {
    try {
      const [state, openForMs] = (await this.redis.commands.eval(script, 1, this.redis.key('breaker', model), Math.round(this.clock.now()), ...values)) as [BreakerState['state'], number];
      return { model, state, openForMs };
    } catch (error) {
      this.logger.debug({ message: 'the shared breaker cannot be asked', model, error });
      return withoutRedis();
    }
  }
}
