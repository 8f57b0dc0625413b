#!lua flags=allow-oom
-- Takes a bucket out of Redis at the end of its retention, if everything in it
-- is published and it has not changed lately, and marks that it has left.
-- KEYS 1 dirty, 2 published, 3 bucket, 4 parts, 5 etags, 6 evicted
-- ARGV 1 bucket id, 2 unchanged since (Unix seconds), 3 bit in evicted or -1,
--      4 object
-- Returns 1 if it was evicted, else 0.
if redis.call('ZSCORE', KEYS[1], ARGV[1]) then return 0 end
local changed = redis.call('HGET', KEYS[3], 'changed')
if changed and tonumber(changed) > tonumber(ARGV[2]) then return 0 end
redis.call('DEL', KEYS[3], KEYS[4])
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('HDEL', KEYS[5], ARGV[4])
if tonumber(ARGV[3]) >= 0 then redis.call('SETBIT', KEYS[6], ARGV[3], 1) end
return 1
