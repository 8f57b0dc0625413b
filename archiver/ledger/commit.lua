#!lua flags=allow-oom
-- Commits a segment: its files are listed, the cursor moves to its last entry,
-- and the stream is trimmed up to it; nothing of that if the lease is not ours,
-- the feed is another, the cursor is not where the segment began, or its last
-- entry is not, or no longer, in the stream (which then went back in time).
-- KEYS 1 lease, 2 meta, 3 archive, 4 located, 5 segments, 6 replaced
-- ARGV 1 holder, 2 feed id, 3 cursor where it began, 4 its last entry, 5 SHA-1
--      of the events of that, 6 first entry to stay, then n and n pairs each:
--      (file, JSON), (field of archive, increment)
-- Returns 'OK', or what has changed.
local call, argv, i = redis.call, ARGV, 7
if call('GET', KEYS[1]) ~= argv[1] then return 'lease' end
if call('HGET', KEYS[2], 'feed') ~= argv[2] then return 'feed' end
if (call('HGET', KEYS[3], 'cursor') or '0-0') ~= argv[3] then return 'cursor' end
local last = call('XRANGE', KEYS[4], argv[4], argv[4])[1]
if not last then return 'stream' end
local events = ''
for f = 1, #last[2], 2 do
  if last[2][f] == 'events' then events = last[2][f + 1] end
end
if redis.sha1hex(events) ~= argv[5] then return 'stream' end
for _ = 1, tonumber(argv[i]) do
  call('HSET', KEYS[5], argv[i + 1], argv[i + 2])
  call('ZREM', KEYS[6], argv[i + 1])
  i = i + 2
end
i = i + 1
for _ = 1, tonumber(argv[i]) do
  call('HINCRBY', KEYS[3], argv[i + 1], argv[i + 2])
  i = i + 2
end
call('HSET', KEYS[3], 'cursor', argv[4])
call('XTRIM', KEYS[4], 'MINID', '=', argv[6])
return 'OK'
