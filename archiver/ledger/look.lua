#!lua flags=allow-oom
-- How far the archive is, all of one moment.
-- KEYS 1 meta, 2 archive, 3 located, 4 segments, 5 replaced
-- ARGV 1 '1' to read the files too
-- Returns {seconds, microseconds} of the server, feed id or false, state or
-- false, all of archive, the number of entries of the located stream, the first
-- of them without its content or false, all of segments, replaced with scores.
local call, files, replaced, first = redis.call, {}, {}, false
if ARGV[1] == '1' then
  files, replaced = call('HGETALL', KEYS[4]), call('ZRANGE', KEYS[5], 0, -1, 'WITHSCORES')
end
local entry = call('XRANGE', KEYS[3], '-', '+', 'COUNT', 1)[1]
if entry then first = entry[1] end
return {call('TIME'), call('HGET', KEYS[1], 'feed'), call('HGET', KEYS[1], 'archive'), call('HGETALL', KEYS[2]),
  call('XLEN', KEYS[3]), first, files, replaced}
