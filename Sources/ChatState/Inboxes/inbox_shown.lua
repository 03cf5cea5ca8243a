#!lua flags=allow-oom
-- Notes up to which message an inbox was ever shown; never goes back. Idempotent.
-- KEYS: reading   ARGV: sequence number
local before = tonumber(redis.call('HGET', KEYS[1], 'shown') or '') or 0
if tonumber(ARGV[1]) > before then redis.call('HSET', KEYS[1], 'shown', ARGV[1]) end
return 1
