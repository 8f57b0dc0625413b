#!lua flags=allow-oom
-- Forgets all counts, positions and the queue, and begins a new feed that may
-- replace the old one at the target. Leases and the settings in meta stay.
-- KEYS 1 meta
-- ARGV 1 pattern of all keys, 2 pattern (of Lua) of the keys to keep, 3 new
--      feed id, 4 feed id at the target or ''
-- Returns the number of keys deleted.
local cursor, n = '0', 0
repeat
  local page = redis.call('SCAN', cursor, 'MATCH', ARGV[1], 'COUNT', 1000)
  cursor = page[1]
  for _, key in ipairs(page[2]) do
    if key ~= KEYS[1] and not string.find(key, ARGV[2]) then n = n + redis.call('UNLINK', key) end
  end
until cursor == '0'
redis.call('HSET', KEYS[1], 'feed', ARGV[3], 'replaces', ARGV[4])
redis.call('HDEL', KEYS[1], 'names_published', 'recount', 'stats_2014', 'archive', 'paused')
return n
