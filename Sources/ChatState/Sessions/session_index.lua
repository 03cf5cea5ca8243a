#!lua flags=allow-oom
-- Notes in the user's index until when a session lives; at a login it also forgets the sessions that ended by themselves.
-- Idempotent.
-- Answers 0 and notes nothing if the account is gone, disabled, or has another password than the one that was checked:
-- whoever ends all sessions of a user looks into this index, so a session that is not in it must not live.
-- Else 1, and behind it the sessions that are too many (limit 0: none ever are), those unused for longest first: the
-- caller must end them.
-- KEYS: sessions of the user, account
-- ARGV: session id, end of its life (ms), now (ms), password (PHC string; '': no login), limit
local account = redis.call('HMGET', KEYS[2], 'password', 'disabled')
if not account[1] or account[2] or (ARGV[4] ~= '' and ARGV[4] ~= account[1]) then return {0} end
redis.call('ZADD', KEYS[1], ARGV[2], ARGV[1])
local answer = {1}
if ARGV[4] == '' then return answer end
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[3])
local excess = redis.call('ZCARD', KEYS[1]) - ARGV[5]
if ARGV[5] == '0' or excess <= 0 then return answer end
for _, id in ipairs(redis.call('ZRANGE', KEYS[1], 0, excess)) do
  if id ~= ARGV[1] and #answer <= excess then answer[#answer + 1] = id end
end
return answer
