-- Removes what is left of a node that is not in the set of nodes. Idempotent. Whom it had among its users is counted
-- anew by whoever calls this (active_recount.lua).
-- KEYS: nodes, node, users of the node   ARGV: node id
if redis.call('ZSCORE', KEYS[1], ARGV[1]) then return 0 end
return redis.call('UNLINK', KEYS[2], KEYS[3])
