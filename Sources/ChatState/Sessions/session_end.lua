#!lua flags=allow-oom
-- Ends a session and tells every node, in one step: no node goes on with a session that is gone. Idempotent.
-- KEYS: session   ARGV: channel, message
redis.call('DEL', KEYS[1])
redis.call('PUBLISH', ARGV[1], ARGV[2])
return 1
