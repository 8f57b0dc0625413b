#!lua
-- Queues a batch and changes positions in one step, if these are still the
-- ones that the caller started from. Without allow-oom: a full Redis stops the
-- intake here, and goes on counting.
-- KEYS[1] queue  KEYS[2] positions  KEYS[3] drops
-- ARGV[1] events of the batch, '' for none  ARGV[2] source
-- ARGV[3] most entries that the queue may hold
-- ARGV[4] number of changes, then for each: field of a position, its old value
-- ('' for none), its new value ('' to delete it)
-- ARGV[…] pairs: field of drops, number to add
-- Returns 'OK', 'STALE' if a position is another than its old value, 'FULL' if
-- there is a batch and no room; then nothing was done.
local drops = 5 + 3 * tonumber(ARGV[4])
for i = 5, drops - 1, 3 do
  if (redis.call('HGET', KEYS[2], ARGV[i]) or '') ~= ARGV[i + 1] then return 'STALE' end
end
if ARGV[1] ~= '' then
  if redis.call('XLEN', KEYS[1]) >= tonumber(ARGV[3]) then return 'FULL' end
  redis.call('XADD', KEYS[1], '*', 'events', ARGV[1], 'source', ARGV[2])
end
for i = 5, drops - 1, 3 do
  if ARGV[i + 2] == '' then
    redis.call('HDEL', KEYS[2], ARGV[i])
  else
    redis.call('HSET', KEYS[2], ARGV[i], ARGV[i + 2])
  end
end
for i = drops, #ARGV, 2 do redis.call('HINCRBY', KEYS[3], ARGV[i], ARGV[i + 1]) end
return 'OK'
