#!lua flags=allow-oom
-- Notes up to which message an inbox was ever shown; never goes back, and does nothing if the account is gone. Idempotent.
-- KEYS: reading, inbox   ARGV: sequence number
if redis.call('EXISTS', KEYS[2]) == 0 then return 0 end
local before = tonumber(redis.call('HGET', KEYS[1], 'shown') or '') or 0
if tonumber(ARGV[1]) > before then redis.call('HSET', KEYS[1], 'shown', ARGV[1]) end
return 1
