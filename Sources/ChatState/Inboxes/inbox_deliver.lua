-- Appends a message, if the account exists, and tells the node on which its recipient listens. If no other message waits in the
-- inbox, the notice carries this one with its number: all before it are confirmed, so the node can skip none by showing it.
-- Answers what RPUSHX answers. Once the message is stored nothing may fail: a notice that is lost delays, an error would deny.
-- KEYS: inbox   ARGV: channel of the node, recipient, record
local length = redis.call('RPUSHX', KEYS[1], ARGV[3])
if length == 0 then return 0 end
local notice = 'mail ' .. ARGV[2]
local confirmed = length == 2 and tonumber(redis.call('LINDEX', KEYS[1], 0))
if confirmed then notice = notice .. ' =' .. string.format('%.0f', confirmed + 1) .. ' ' .. ARGV[3] end
redis.pcall('PUBLISH', ARGV[1], notice)
return length
