#!lua flags=allow-oom
-- Sets how present users are on a node (`connections/listening`; `-`: not here any more) and keeps the active set in step:
-- its score is the number of nodes on which a user is. Idempotent: values are absolute, and only an entry that comes into
-- the node's own hash or leaves it moves the score.
-- A node that was or is being removed (its lease is 0) gets -1: it must join again under a new id.
-- The number of the report is kept, so that the node sees when Redis has lost some.
-- KEYS: nodes, node, users of the node, active   ARGV: node id, number of the report, then user, presence, …
local lease = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not lease or lease == '0' then return -1 end
redis.call('HSET', KEYS[2], 'reported', ARGV[2])
for i = 3, #ARGV, 2 do
  local user, presence = ARGV[i], ARGV[i + 1]
  if presence ~= '-' then
    if redis.call('HSET', KEYS[3], user, presence) == 1 then redis.call('ZINCRBY', KEYS[4], 1, user) end
  elseif redis.call('HDEL', KEYS[3], user) == 1 then
    if tonumber(redis.call('ZINCRBY', KEYS[4], -1, user)) <= 0 then redis.call('ZREM', KEYS[4], user) end
  end
end
return 1
