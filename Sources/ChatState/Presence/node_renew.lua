#!lua flags=allow-oom
-- A node says that it lives, and learns whose lease has ended. Time is the clock of Redis alone.
-- A node that is not (or no longer) in the set gets nil: it was removed and must join again under a new id. To join is
-- to come with `join` set.
-- KEYS: nodes   ARGV: node id, lease (ms), join (1 or 0)
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if ARGV[3] ~= '1' and not redis.call('ZSCORE', KEYS[1], ARGV[1]) then return false end
redis.call('ZADD', KEYS[1], string.format('%.0f', now + ARGV[2]), ARGV[1])
return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now))
