#!lua flags=allow-oom
-- Replaces listed files by others with the same rows, or by none; nothing if the
-- lease is not ours, the feed is another, or any of them is not listed any more.
-- KEYS 1 lease, 2 meta, 3 archive, 4 segments, 5 replaced
-- ARGV 1 holder, 2 feed id, then n and n files to go, n and n pairs (file, JSON)
--      to come, n and n pairs (field of archive, increment)
-- Returns 'OK', or what has changed.
local call, argv, i = redis.call, ARGV, 3
if call('GET', KEYS[1]) ~= argv[1] then return 'lease' end
if call('HGET', KEYS[2], 'feed') ~= argv[2] then return 'feed' end
local gone = tonumber(argv[i])
for k = i + 1, i + gone do
  if call('HEXISTS', KEYS[4], argv[k]) == 0 then return 'files' end
end
local now = call('TIME')
now = now[1] * 1000 + math.floor(now[2] / 1000)
for k = i + 1, i + gone do
  call('HDEL', KEYS[4], argv[k])
  call('ZADD', KEYS[5], now, argv[k])
end
i = i + gone + 1
for _ = 1, tonumber(argv[i]) do
  call('HSET', KEYS[4], argv[i + 1], argv[i + 2])
  call('ZREM', KEYS[5], argv[i + 1])
  i = i + 2
end
i = i + 1
for _ = 1, tonumber(argv[i]) do
  call('HINCRBY', KEYS[3], argv[i + 1], argv[i + 2])
  i = i + 2
end
return 'OK'
