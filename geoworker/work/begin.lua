#!lua flags=allow-oom
-- Makes the queue's consumer group if it is missing, and agrees with the rest
-- of the system on what {namespace}:meta says.
--
-- KEYS  1 queue  2 meta
-- ARGV  group, schema, grid, type and date of the GeoIP database
-- Returns {schema, grid} as agreed; where they are not this worker's, nothing
-- was written; and 'on' if the archive is.
local agreed = redis.call('HMGET', KEYS[2], 'schema', 'grid', 'archive')
agreed = {agreed[1] or ARGV[2], agreed[2] or ARGV[3], agreed[3] or ''}
if agreed[1] == ARGV[2] and agreed[2] == ARGV[3] then
  redis.pcall('XGROUP', 'CREATE', KEYS[1], ARGV[1], '0', 'MKSTREAM') -- refused if it is there
  redis.call('HSET', KEYS[2], 'schema', ARGV[2], 'grid', ARGV[3], 'geoip_type', ARGV[4], 'geoip_built', ARGV[5])
end
return agreed
