#!lua flags=allow-oom
-- Disables an account: its inbox goes by another name, so that no plain append finds it. Idempotent; 0: no such account.
-- KEYS: account, inbox, disabled inbox   ARGV: now (RFC 3339)
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
if redis.call('EXISTS', KEYS[2]) == 1 and redis.call('EXISTS', KEYS[3]) == 0 then
  redis.call('RENAME', KEYS[2], KEYS[3])
end
redis.call('HSETNX', KEYS[1], 'disabled', ARGV[1])
return 1
