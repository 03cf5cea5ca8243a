#!lua flags=allow-oom
-- Enables an account again, with the messages that it had. Idempotent; 0: no such account.
-- KEYS: account, inbox, disabled inbox
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
if redis.call('EXISTS', KEYS[3]) == 1 and redis.call('EXISTS', KEYS[2]) == 0 then
  redis.call('RENAME', KEYS[3], KEYS[2])
end
redis.call('HDEL', KEYS[1], 'disabled')
return 1
