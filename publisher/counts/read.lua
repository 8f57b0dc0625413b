#!lua flags=allow-oom
-- Reads one bucket, in one state, together with the feed's totals in that same
-- state, so that no state from before a rollback is taken for a new one.
-- KEYS 1 bucket, 2 parts, 3 bucket of all time, 4 etags, 5 meta
-- ARGV 1 object, 2 most parts to return, 3.. fields of all time
-- Returns feed id, all of the bucket, its first parts, the number of parts,
-- ETag of the object or false, those fields or false.
local totals = {}
for i = 3, #ARGV do totals[i - 2] = redis.call('HGET', KEYS[3], ARGV[i]) end
return {redis.call('HGET', KEYS[5], 'feed'), redis.call('HGETALL', KEYS[1]),
  redis.call('LRANGE', KEYS[2], 0, ARGV[2] - 1), redis.call('LLEN', KEYS[2]),
  redis.call('HGET', KEYS[4], ARGV[1]), totals}
