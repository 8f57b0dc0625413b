#!lua flags=allow-oom
-- Forgets replaced files that are deleted.
-- KEYS 1 replaced
-- ARGV files
-- Returns how many were known.
local n = 0
for i = 1, #ARGV do n = n + redis.call('ZREM', KEYS[1], ARGV[i]) end
return n
