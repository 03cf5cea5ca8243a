#!lua flags=no-writes
-- Answers the number of the first record in the answer, then records: those from a number on, or from the oldest that is
-- left. One step, since messages leave the front of the list at any time, which moves the others. Empty: no such list.
-- KEYS: inbox   ARGV: number, records wanted
local first = tonumber(redis.call('LINDEX', KEYS[1], 0) or '')
if not first then return {} end
local number = math.max(tonumber(ARGV[1]), first + 1)
local start = number - first
local answer = redis.call('LRANGE', KEYS[1], start, start + tonumber(ARGV[2]) - 1)
table.insert(answer, 1, number)
return answer
