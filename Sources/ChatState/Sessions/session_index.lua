#!lua flags=allow-oom
-- Notes in the user's index until when a session lives, and forgets the sessions that ended by themselves. Idempotent.
-- KEYS: sessions of the user   ARGV: session id, end of its life (ms), now (ms)
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[3])
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
return 1
