#!lua flags=allow-oom
-- Gives the feed an id unless it has one.
-- KEYS 1 meta
-- ARGV 1 id, 2 schema version
-- Returns the id that it has now.
redis.call('HSETNX', KEYS[1], 'schema', ARGV[2])
redis.call('HSETNX', KEYS[1], 'feed', ARGV[1])
return redis.call('HGET', KEYS[1], 'feed')
