-- Gives an account its inbox back: makes the list if it is missing, names it as the account's state asks, and puts the
-- count of confirmed messages before a list that has none. Idempotent, and no message is ever removed: two lists of one
-- account stay two. Without an account nothing happens (0).
-- KEYS: account, inbox, inbox of the disabled account, reading
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
local wanted, other = KEYS[2], KEYS[3]
if redis.call('HEXISTS', KEYS[1], 'disabled') == 1 then wanted, other = other, wanted end
-- Sequence numbers go on behind what the reader has seen.
local count = '0'
if redis.call('TYPE', KEYS[4]).ok == 'hash' then
  count = string.match(redis.call('HGET', KEYS[4], 'shown') or '', '^%d+$') or count
end
if redis.call('EXISTS', wanted) == 0 then
  if redis.call('EXISTS', other) == 1 then
    redis.call('RENAME', other, wanted)
  else
    redis.call('RPUSH', wanted, count)
  end
end
for _, list in ipairs({wanted, other}) do
  if redis.call('TYPE', list).ok == 'list' and not string.find(redis.call('LINDEX', list, 0), '^%d+$') then
    redis.call('LPUSH', list, count)
  end
end
return 1
