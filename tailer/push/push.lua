#!lua
-- Queues a batch and advances a position in one step, if the position is still
-- the one that the caller started from. Without allow-oom: a full Redis stops
-- the intake here, and goes on counting.
-- KEYS[1] queue  KEYS[2] positions  KEYS[3] drops
-- ARGV[1] field of the position  ARGV[2] its old value, '' for none
-- ARGV[3] its new value, '' to delete it
-- ARGV[4] events of the batch, '' for none  ARGV[5] source
-- ARGV[6] most entries that the queue may hold
-- ARGV[7…] pairs: field of drops, number to add
-- Returns 'OK', 'STALE' if the position is another, 'FULL' if there is a batch
-- and no room; then nothing was done.
if (redis.call('HGET', KEYS[2], ARGV[1]) or '') ~= ARGV[2] then return 'STALE' end
if ARGV[4] ~= '' then
  if redis.call('XLEN', KEYS[1]) >= tonumber(ARGV[6]) then return 'FULL' end
  redis.call('XADD', KEYS[1], '*', 'events', ARGV[4], 'source', ARGV[5])
end
if ARGV[3] == '' then
  redis.call('HDEL', KEYS[2], ARGV[1])
else
  redis.call('HSET', KEYS[2], ARGV[1], ARGV[3])
end
for i = 7, #ARGV, 2 do redis.call('HINCRBY', KEYS[3], ARGV[i], ARGV[i + 1]) end
return 'OK'
