#!lua flags=allow-oom
-- Writes a session and starts its life. Idempotent.
-- KEYS: session   ARGV: life (ms), then field, value, …
redis.call('HSET', KEYS[1], unpack(ARGV, 2))
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1
