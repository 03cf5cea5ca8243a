#!lua flags=allow-oom
-- Takes confirmed messages off an inbox: all up to a sequence number, whose message must hold the given mark.
-- Idempotent: what is confirmed already stays so. Answers the number of confirmed messages ever, or -1 if the
-- message under that number is another one (the list has changed under the reader: nothing is taken).
-- KEYS: inbox   ARGV: sequence number, mark
local first = tonumber(redis.call('LINDEX', KEYS[1], 0) or '')
if not first then return -1 end
local count = tonumber(ARGV[1]) - first
if count <= 0 then return first end
local last = redis.call('LINDEX', KEYS[1], count)
if not last or not string.find(last, ARGV[2], 1, true) then return -1 end
-- The last confirmed message gives its place to the new element 0.
redis.call('LTRIM', KEYS[1], count, -1)
redis.call('LSET', KEYS[1], 0, ARGV[1])
return tonumber(ARGV[1])
