#!lua flags=allow-oom
-- Notes up to which message an inbox was ever shown; never goes back. Idempotent.
-- KEYS: shown   ARGV: sequence number
local before = tonumber(redis.call('GET', KEYS[1]) or '') or 0
if tonumber(ARGV[1]) > before then redis.call('SET', KEYS[1], ARGV[1]) end
return 1
