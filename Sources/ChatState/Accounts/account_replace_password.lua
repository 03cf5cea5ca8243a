#!lua flags=allow-oom
-- Replaces a password (1) if it is still the one that was checked; else it has been changed meanwhile, or the account is
-- gone, and nothing happens (0). Idempotent: once replaced it stays so, and says so.
-- KEYS: account   ARGV: the password that was checked, the new one (both PHC strings)
local stored = redis.call('HGET', KEYS[1], 'password')
if stored == ARGV[2] then return 1 end
if stored ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'password', ARGV[2])
return 1
