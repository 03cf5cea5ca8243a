#!lua flags=allow-oom
-- Lists a user among those whom another blocks: the first step of a block. Idempotent.
-- Answers 1; 0: she blocks as many as one may; -1: her account is gone.
-- KEYS: blocked, account   ARGV: who is blocked, limit
if redis.call('EXISTS', KEYS[2]) == 0 then return -1 end
if redis.call('ZSCORE', KEYS[1], ARGV[1]) then return 1 end
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[2]) then return 0 end
redis.call('ZADD', KEYS[1], 0, ARGV[1])
return 1
