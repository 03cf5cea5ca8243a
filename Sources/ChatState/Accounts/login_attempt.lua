#!lua flags=allow-oom
-- Counts wrong passwords by the address that they come from: for each account that was tried, and for all together (*).
-- `ask`: may this address try this account now? `wrong`: it has tried, and failed. `right`: it knows the password, so its
-- own slips with this account are forgotten; those with all accounts are not, or a guesser would log in to an account of
-- his own in between. Who must wait is not counted, and time alone makes the counts go: the key ends after a while
-- without failures. Repeating `wrong` counts it twice, which only makes the address wait longer.
-- Answers how long the address must wait (ms, 0: not at all), how often it has failed with this account, and how long it
-- will still be known as one that somebody has logged in from (ms, 0: it is not).
-- KEYS: attempts of the address, whether it is known
-- ARGV: ask|wrong|right, account, free failures for it, longest wait (ms), the same two for all accounts, life (ms), most accounts,
--   life of being known (ms)
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local function read(field)
  local failures, till = string.match(redis.call('HGET', KEYS[1], field) or '', '^(%d+) (%d+)$')
  return tonumber(failures or 0), tonumber(till or 0)
end
local function fail(field, free, longest)
  local failures, till = read(field)
  if failures == 0 and redis.call('HLEN', KEYS[1]) > tonumber(ARGV[8]) then return end
  failures = failures + 1
  if failures >= tonumber(free) then
    till = math.max(till, now + math.min(tonumber(longest), 1000 * 2 ^ (failures - free)))
  end
  redis.call('HSET', KEYS[1], field, string.format('%.0f %.0f', failures, till))
end
if ARGV[1] == 'right' then
  redis.call('HDEL', KEYS[1], ARGV[2])
  redis.call('SET', KEYS[2], '1', 'PX', ARGV[9])
elseif ARGV[1] == 'wrong' then
  fail('*', ARGV[5], ARGV[6])
  fail(ARGV[2], ARGV[3], ARGV[4])
  redis.call('PEXPIRE', KEYS[1], ARGV[7])
end
local failures, till = read(ARGV[2])
local _, all = read('*')
return {math.max(till - now, all - now, 0), failures, math.max(redis.call('PTTL', KEYS[2]), 0)}
