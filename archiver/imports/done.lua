#!lua flags=allow-oom
-- Writes a content into the ledger whose last line is queued, in the step that
-- says so in its position.
-- KEYS[1] positions  KEYS[2] imports
-- ARGV[1] field of the position  ARGV[2] its value  ARGV[3] its new value
-- ARGV[4] hash of the content  ARGV[5] what the ledger says of it
-- Returns 'OK', or 'STALE' if the position is another; then nothing was done.
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 'STALE' end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
redis.call('HSETNX', KEYS[2], ARGV[4], ARGV[5])
return 'OK'
