#!lua flags=allow-oom
-- A node says that it lives, and learns whose lease has ended, which nodes there are (those that are being removed too),
-- and the number of its last report. Time is the clock of Redis alone.
-- A node that is not (or no longer) in the set, or whose lease is 0, gets nil: it was or is being removed and must join
-- again under a new id. Whoever joins brings a description of the node among the fields; all bring its load, and what its own
-- clock says (ms), so that somebody can see when that is wrong.
-- KEYS: nodes, node   ARGV: node id, lease (ms), joining (1 or 0), clock of the node, field, value, …
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local lease = redis.call('ZSCORE', KEYS[1], ARGV[1])
if ARGV[3] ~= '1' and (not lease or lease == '0') then return false end
redis.call('HSET', KEYS[2], 'clock', string.format('%.0f', ARGV[4] - now), unpack(ARGV, 5))
redis.call('ZADD', KEYS[1], string.format('%.0f', now + ARGV[2]), ARGV[1])
local ended = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now))
return {ended, redis.call('ZRANGE', KEYS[1], 0, -1), redis.call('HGET', KEYS[2], 'reported')}
