#!lua flags=allow-oom
-- Moves the readers of an inbox forward, in one step: takes a confirmation, notes what a listening place has, takes off what
-- every place has, and reads on. A place is an event loop of a node with connections that listen for this user; what is
-- confirmed by one of them stays in the list until the others have it too, or have not called for the patience.
-- Idempotent. Answers nothing if there is no such account, else: how many messages are confirmed, whether the confirmation
-- was taken (0: the message under that number is another one: the list has changed under the reader), up to which
-- message the inbox was ever shown before, behind which message the records begin, the length of the list, the number of its last message, and
-- these records, which
-- beyond the first have at most 256 KiB in all.
-- KEYS: inbox, reading   ARGV: number of the message to confirm (0: none), its mark, patience (ms)
--   [, place ('': none, it only reads), number up to which all its listeners have everything ('': none of them reads),
--      number behind which to read (-1: what is confirmed), the mark of that message ('': not known), records wanted]
local first = tonumber(redis.call('LINDEX', KEYS[1], 0) or '')
if not first then return {} end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local sequence, mark, patience, place = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3]), ARGV[4]
if place and place ~= '' and ARGV[5] == '' then
  redis.call('HDEL', KEYS[2], place)
elseif place and place ~= '' then
  redis.call('HSET', KEYS[2], place, ARGV[5] .. ' ' .. string.format('%.0f', now))
end

local reading = {}
local fields = redis.call('HGETALL', KEYS[2])
for i = 1, #fields, 2 do reading[fields[i]] = fields[i + 1] end
local length = redis.call('LLEN', KEYS[1])
-- Never more than there is: the list may have been replaced.
local confirmed = math.min(math.max(tonumber(reading.confirmed or '') or 0, first), first + length - 1)
local shown = tonumber(reading.shown or '') or 0
local taken = 1
if sequence > confirmed then
  local message = sequence < first + length and redis.call('LINDEX', KEYS[1], sequence - first)
  if message and string.find(message, mark, 1, true) then confirmed = sequence else taken = 0 end
end

if confirmed > first then
  local last = confirmed
  for field, value in pairs(reading) do
    local position, seen = string.match(value, '^(%d+) (%d+)$')
    if position and tonumber(seen) + patience < now then
      redis.call('HDEL', KEYS[2], field)
    elseif position then
      last = math.min(last, tonumber(position))
    end
  end
  if last > first then
    -- The last message that goes gives its place to the new element 0.
    redis.call('LTRIM', KEYS[1], last - first, -1)
    length = length - (last - first)
    first = last
    redis.call('LSET', KEYS[1], 0, string.format('%.0f', first))
  end
  if confirmed > first then
    redis.call('HSET', KEYS[2], 'confirmed', string.format('%.0f', confirmed))
  elseif reading.confirmed then
    redis.call('HDEL', KEYS[2], 'confirmed')
  end
end

local answer = {confirmed, taken, shown, 0, length, first + length - 1}
local wanted = tonumber(ARGV[8] or 0)
if wanted == 0 then return answer end
local after = tonumber(ARGV[6])
if after > first then
  local message = redis.call('LINDEX', KEYS[1], after - first)
  -- Another list under the same name, or an older state of it: what it holds is new to the place. Where the message is not
  -- known, only an older state shows.
  if not message or ARGV[7] == '' then
    after = math.min(after, confirmed)
  elseif not string.find(message, ARGV[7], 1, true) then
    after = -1
  end
end
if after < 0 then after = confirmed else after = math.max(after, first) end
answer[4] = after
local start = after - first + 1
local bytes = 0
for i, record in ipairs(redis.call('LRANGE', KEYS[1], start, start + wanted - 1)) do
  bytes = bytes + #record
  if i > 1 and bytes > 262144 then break end
  answer[i + 6] = record
end
local last = after + #answer - 6
if last > shown then redis.call('HSET', KEYS[2], 'shown', string.format('%.0f', last)) end
return answer
