-- Appends a message, if the account exists and its inbox has room; with a second key, once.
-- Answers the new length of the list; 0: no such account; -1: full; a string: the id under which it was stored before.
-- KEYS: inbox [, once]   ARGV: record, messages at most, bytes at most, bytes of the largest record, id, life of once (ms)
if KEYS[2] then
  local id = redis.call('GET', KEYS[2])
  if id then return id end
end
local length = redis.call('LLEN', KEYS[1])
if length == 0 then return 0 end
if length > tonumber(ARGV[2]) then return -1 end
-- What the list takes in memory is looked at only when it could be too much: that walks over its 8 KiB nodes.
local bytes = tonumber(ARGV[3])
if length * ARGV[4] > bytes and redis.call('MEMORY', 'USAGE', KEYS[1], 'SAMPLES', 0) > bytes then return -1 end
length = redis.call('RPUSH', KEYS[1], ARGV[1])
if KEYS[2] then redis.call('SET', KEYS[2], ARGV[5], 'PX', ARGV[6]) end
return length
