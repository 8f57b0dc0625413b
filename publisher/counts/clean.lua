#!lua flags=allow-oom
-- Records that a bucket was published, and marks it clean if it has not
-- changed since it was read. Does nothing under another feed.
-- KEYS 1 dirty, 2 published, 3 etags, 4 bucket, 5 meta
-- ARGV 1 bucket id, 2 token that was read, 3 time of the change that was read,
--      4 object or '' if none was put, 5 its ETag or '', 6 feed id
-- Returns 1 if the bucket is clean now, 0 if it has changed, -1 under another feed.
if redis.call('HGET', KEYS[5], 'feed') ~= ARGV[6] then return -1 end
if ARGV[4] ~= '' then
  redis.call('ZADD', KEYS[2], ARGV[3], ARGV[1])
  if ARGV[5] ~= '' then redis.call('HSET', KEYS[3], ARGV[4], ARGV[5]) end
end
if (redis.call('HGET', KEYS[4], 'token') or '') ~= ARGV[2] then return 0 end
redis.call('ZREM', KEYS[1], ARGV[1])
return 1
