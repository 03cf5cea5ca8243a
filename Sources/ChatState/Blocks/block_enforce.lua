#!lua flags=allow-oom
-- Puts a block in force and tells every node, in one step: the second step of a block. Idempotent; 0: no such account.
-- KEYS: blockers of the blocked user, her account   ARGV: who blocks her, channel, message
if redis.call('EXISTS', KEYS[2]) == 0 then return 0 end
redis.call('ZADD', KEYS[1], 0, ARGV[1])
redis.call('PUBLISH', ARGV[2], ARGV[3])
return 1
