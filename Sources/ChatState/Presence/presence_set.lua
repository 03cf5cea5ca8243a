#!lua flags=allow-oom
-- Sets how many connections users have on a node (0: none) and keeps the active set in step: its score is the number
-- of nodes on which a user is. Idempotent: counts are absolute, and only a change of the node's own hash moves the score.
-- A node that was or is being removed (its lease is 0) gets -1: it must join again under a new id.
-- KEYS: nodes, users of the node, active   ARGV: node id, then user, connections, …
local lease = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not lease or lease == '0' then return -1 end
for i = 2, #ARGV, 2 do
  local user, connections = ARGV[i], ARGV[i + 1]
  if connections ~= '0' then
    if redis.call('HSET', KEYS[2], user, connections) == 1 then redis.call('ZINCRBY', KEYS[3], 1, user) end
  elseif redis.call('HDEL', KEYS[2], user) == 1 then
    if tonumber(redis.call('ZINCRBY', KEYS[3], -1, user)) <= 0 then redis.call('ZREM', KEYS[3], user) end
  end
end
return 1
