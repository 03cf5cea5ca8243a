#!lua flags=allow-oom
-- Publishes what has changed on a node and notes the number of the announcement, so that a reader of the node's users
-- knows which announcements it has in them. Idempotent: a number that was published already is not published again.
-- A node that was or is being removed (its lease is 0) gets -1: after `gone` nothing more may come from it.
-- KEYS: nodes, node   ARGV: node id, version, channel, message
local lease = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not lease or lease == '0' then return -1 end
if tonumber(redis.call('HGET', KEYS[2], 'announced') or 0) < tonumber(ARGV[2]) then
  redis.call('HSET', KEYS[2], 'announced', ARGV[2])
  redis.call('PUBLISH', ARGV[3], ARGV[4])
end
return 1
