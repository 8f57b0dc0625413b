#!lua flags=allow-oom
-- Reads buckets, in one state together with how far the located stream is.
-- KEYS 1 located, 2 meta, then per bucket: its hash, its parts, bitmap of the
--      evicted of its period (or any key, for all time)
-- ARGV per bucket: its bit in that bitmap, or -1
-- Returns {last id ever given in the stream, feed id, state of the archive, per
-- bucket: {hash, parts, 1 if it was evicted}}
local call = redis.call
local function last(key)
  if call('EXISTS', key) == 0 then return '0-0' end
  local info = call('XINFO', 'STREAM', key)
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then return info[i + 1] end
  end
end
local answer = {last(KEYS[1]), call('HGET', KEYS[2], 'feed'), call('HGET', KEYS[2], 'archive')}
for i = 1, #ARGV do
  local k, gone = 3 * i, 0
  if tonumber(ARGV[i]) >= 0 then gone = call('GETBIT', KEYS[k + 2], ARGV[i]) end
  answer[3 + i] = {call('HGETALL', KEYS[k]), call('LRANGE', KEYS[k + 1], 0, -1), gone}
end
return answer
