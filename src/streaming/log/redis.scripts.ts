import { RedisScript } from '../../redis/index.js';

/**
 * Keys of both: the stream and the state of a run, a hash of `fence`, `last` (sequence number) and `ended`.
 * Where a number would leave a gap, or a holder goes on where another log has been lost, the stream begins
 * anew before it: readers of older cursors then find that those are gone, and are told by a snapshot (I2).
 */
const LIBRARY = `
local stream, state, bell = KEYS[1], KEYS[2], KEYS[3]
local function begin(token, last)
  redis.call('DEL', stream, state)
  redis.call('HSET', state, 'fence', token, 'last', last)
end
local function keep(ttlMs)
  redis.call('PEXPIRE', stream, ttlMs)
  redis.call('PEXPIRE', state, ttlMs)
end
local known = redis.call('HMGET', state, 'fence', 'last', 'ended')
local fence, last, ended = tonumber(known[1]), tonumber(known[2]), known[3]
`;

/** ARGV: token, afterSeq, ttlMs, instance → `fenced`, or {last, ended}. */
export const OPEN_WRITER = new RedisScript(`${LIBRARY}
local token, afterSeq = tonumber(ARGV[1]), tonumber(ARGV[2])
if fence and fence > token then return 'fenced' end
if not fence or (not ended and last < afterSeq) then
  begin(token, afterSeq)
  last = afterSeq
else
  redis.call('HSET', state, 'fence', token)
end
if not ended then keep(ARGV[3]) end
redis.call('PUBLISH', bell, ARGV[4])
return {last, ended and 1 or 0}
`);

/**
 * ARGV: token, first seq, ttlMs, ttlMs once ended, maxEvents, instance, whether the last event is terminal, then type and JSON of each event.
 * Sending again what has arrived changes nothing. → `fenced`, `ended` or `kept`
 */
export const APPEND = new RedisScript(`${LIBRARY}
local token, seq = tonumber(ARGV[1]), tonumber(ARGV[2])
if fence and fence > token then return 'fenced' end
if not fence or fence < token or seq > last + 1 then
  if ended then return 'ended' end
  begin(token, seq - 1)
  last = seq - 1
end
local isNew = last < seq + (#ARGV - 7) / 2 - 1
if ended then return isNew and 'ended' or 'kept' end
for i = 8, #ARGV, 2 do
  if seq > last then redis.call('XADD', stream, 'MAXLEN', '~', ARGV[5], seq .. '-0', 't', ARGV[i], 'd', ARGV[i + 1]) end
  seq = seq + 1
end
if isNew then redis.call('HSET', state, 'last', seq - 1) end
if ARGV[7] == '1' then
  redis.call('HSET', state, 'ended', 1)
  keep(ARGV[4])
else
  keep(ARGV[3])
end
redis.call('PUBLISH', bell, ARGV[6])
return 'kept'
`);

/** ARGV: afterSeq, limit → nothing when the run is unknown, else {last, ended, entry ids and fields, seq of the oldest kept or 0} */
export const READ = new RedisScript(`
local stream, state = KEYS[1], KEYS[2]
local known = redis.call('HMGET', state, 'last', 'ended')
if not known[1] then return false end
local oldest = redis.call('XRANGE', stream, '-', '+', 'COUNT', 1)[1]
local entries = redis.call('XRANGE', stream, '(' .. ARGV[1] .. '-0', '+', 'COUNT', ARGV[2])
return {tonumber(known[1]), known[2] and 1 or 0, entries, oldest and oldest[1] or ''}
`);
