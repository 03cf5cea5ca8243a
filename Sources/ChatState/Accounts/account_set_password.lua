#!lua flags=allow-oom
-- Sets the password of an account that exists (1), or does nothing (0).
-- KEYS: account   ARGV: password (PHC string)
if redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
redis.call('HSET', KEYS[1], 'password', ARGV[1])
return 1
