#!lua flags=allow-oom
-- Takes a block out of force and tells every node, in one step. Idempotent.
-- KEYS: blockers of the blocked user   ARGV: who has blocked her, channel, message
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('PUBLISH', ARGV[2], ARGV[3])
return 1
