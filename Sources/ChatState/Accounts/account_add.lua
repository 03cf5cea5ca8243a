-- Adds an account with its empty inbox, or reports that the name is taken (0). Idempotent: a second call changes nothing.
-- KEYS: account, inbox   ARGV: display name, password (PHC string), created (RFC 3339)
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
-- Element 0 counts the confirmed messages. It stays if a list is there already: messages are never thrown away.
if redis.call('EXISTS', KEYS[2]) == 0 then redis.call('RPUSH', KEYS[2], '0') end
redis.call('HSET', KEYS[1], 'name', ARGV[1], 'password', ARGV[2], 'created', ARGV[3])
return 1
