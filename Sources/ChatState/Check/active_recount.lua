-- Compares a user's score in the active set with the number of nodes that hold her, and with `mend` sets it to that.
-- Idempotent: the score is absolute. Answers the score (nil: not in the set) and the number of nodes as they were, or
-- nothing at all if the nodes are not the ones that the caller declared: it must read them and come again.
-- KEYS: nodes, active, users of each node   ARGV: user, mend (1 or 0), the ids of these nodes in the order of their keys
local known = redis.call('ZCARD', KEYS[1]) == #ARGV - 2
for i = 3, #ARGV do known = known and redis.call('ZSCORE', KEYS[1], ARGV[i]) end
if not known then return {} end
local nodes = 0
for i = 3, #KEYS do nodes = nodes + redis.call('HEXISTS', KEYS[i], ARGV[1]) end
local score = redis.call('ZSCORE', KEYS[2], ARGV[1])
if ARGV[2] == '1' then
  if nodes == 0 then redis.call('ZREM', KEYS[2], ARGV[1]) else redis.call('ZADD', KEYS[2], nodes, ARGV[1]) end
end
return {score, nodes}
