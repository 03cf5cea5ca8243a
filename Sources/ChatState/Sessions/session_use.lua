#!lua flags=allow-oom
-- A session is in use: its life starts again. Answers whose it is, or nil when it has ended.
-- KEYS: session   ARGV: life (ms), now (RFC 3339)
local who = redis.call('HMGET', KEYS[1], 'user', 'name')
if not who[1] then return false end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
redis.call('HSET', KEYS[1], 'seen', ARGV[2])
return who
