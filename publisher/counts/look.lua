#!lua flags=allow-oom
-- What a pass begins with.
-- KEYS 1 meta, 2 bucket of all time, 3 dirty, 4 names:token
-- ARGV 1 token of the bucket of all time that is known already, or ''
-- Returns {seconds, microseconds} of the server, all of meta, all of the
-- bucket of all time or false if it is known already, the number of dirty
-- buckets, the oldest of them with its score, the token of the names or false.
local all = false
if (redis.call('HGET', KEYS[2], 'token') or '') ~= ARGV[1] then all = redis.call('HGETALL', KEYS[2]) end
return {redis.call('TIME'), redis.call('HGETALL', KEYS[1]), all, redis.call('ZCARD', KEYS[3]),
  redis.call('ZRANGE', KEYS[3], 0, 0, 'WITHSCORES'), redis.call('GET', KEYS[4])}
