#!lua flags=allow-oom
-- Takes a node's users out of the active set, some at a time, and when none is left the node itself. Answers how many
-- users are left, so that whoever finds a half-removed node can go on. A node whose lease runs is left alone (-1),
-- unless it leaves by itself. The end of the removal is announced on the channel `presence`.
-- KEYS: nodes, node, users of the node, active   ARGV: node id, users at a time, leaving (1 or 0), channel
local lease = redis.call('ZSCORE', KEYS[1], ARGV[1])
if ARGV[3] ~= '1' and lease then
  local time = redis.call('TIME')
  if tonumber(lease) > time[1] * 1000 + math.floor(time[2] / 1000) then return -1 end
end
for _, user in ipairs(redis.call('HRANDFIELD', KEYS[3], ARGV[2])) do
  redis.call('HDEL', KEYS[3], user)
  if tonumber(redis.call('ZINCRBY', KEYS[4], -1, user)) <= 0 then redis.call('ZREM', KEYS[4], user) end
end
local left = redis.call('HLEN', KEYS[3])
if left == 0 then
  redis.call('DEL', KEYS[2], KEYS[3])
  if redis.call('ZREM', KEYS[1], ARGV[1]) == 1 then redis.call('PUBLISH', ARGV[4], ARGV[1] .. ' gone') end
elseif lease then
  -- A lease of 0 shows the node to whoever goes on, and fences it: it can't come back with half of its users gone.
  redis.call('ZADD', KEYS[1], 0, ARGV[1])
end
return left
