#!lua flags=allow-oom
-- Counts queue entries: all of it, or nothing if any of them is no longer
-- pending for this consumer (another worker has claimed or counted it), while
-- counting is paused, or if the archive was switched on or off since the step
-- was made. So each event counted while it is on is in the located stream.
--
-- KEYS  1 queue  2 dirty  3 drops  4 late  5 names  6 names:token  7 rejects
--       8, 9, 10 evicted:1m, 1h, 1d  11 meta  12 located  13 archive
--       then per bucket: its hash, its parts
-- ARGV  group, consumer, token, 'on' if the step was made for the archive,
--       number of entries, their ids,
--       n and n pairs (drop field, number),
--       n and n pairs (region code, English name),
--       n and n pairs (reason, sample of a dropped line),
--       n and n entries for located (number of events, their lines),
--       n and n pairs (field of archive, number),
--       then per bucket: member of dirty, index into KEYS of its evicted bitmap
--       or 0, bit in it, events, n and n pairs (field, increment), part
-- Returns {'OK', late events by 1m, 1h, 1d} or, if nothing was done,
-- {'GONE', id}, {'PAUSED'} or {'SWITCHED'}
local call, argv, i = redis.call, ARGV, 5
local function number()
  i = i + 1
  return tonumber(argv[i - 1])
end

local meta = call('HMGET', KEYS[11], 'archive', 'paused')
if (meta[1] == 'on') ~= (argv[4] == 'on') then
  return {'SWITCHED'}
end
local time = call('TIME')
if time[1] * 1000 + time[2] / 1000 < (tonumber(meta[2] or 0) or 0) then
  return {'PAUSED'}
end

-- Each id by itself: a range tells gaps after claims wrongly. An id given
-- twice would be counted twice.
local ids, seen = number(), {}
local first = i
for k = first, first + ids - 1 do
  local id = argv[k]
  if seen[id] or #call('XPENDING', KEYS[1], argv[1], id, id, 1, argv[2]) == 0 then
    return {'GONE', id}
  end
  seen[id] = true
end
i = first + ids

for _ = 1, number() do
  call('HINCRBY', KEYS[3], argv[i], argv[i + 1])
  i = i + 2
end
local named = 0
for _ = 1, number() do
  named = named + call('HSETNX', KEYS[5], argv[i], argv[i + 1])
  i = i + 2
end
if named > 0 then
  call('SET', KEYS[6], argv[3])
end
for _ = 1, number() do
  call('XADD', KEYS[7], 'MAXLEN', '~', 1000, '*', 'daemon', 'geoworker', 'reason', argv[i], 'sample', argv[i + 1])
  i = i + 2
end

for _ = 1, number() do
  call('XADD', KEYS[12], '*', 'n', argv[i], 'events', argv[i + 1])
  i = i + 2
end
for _ = 1, number() do
  call('HINCRBY', KEYS[13], argv[i], argv[i + 1])
  i = i + 2
end

local now = time[1]
local late = {[8] = 0, [9] = 0, [10] = 0}
local period = {[8] = '1m', [9] = '1h', [10] = '1d'}
for k = 14, #KEYS, 2 do
  local member, evicted, bit, events, fields = argv[i], tonumber(argv[i + 1]), argv[i + 2], argv[i + 3], tonumber(argv[i + 4])
  i = i + 5
  if evicted > 0 and call('GETBIT', KEYS[evicted], bit) == 1 then
    call('HINCRBY', KEYS[4], period[evicted], events)
    late[evicted] = late[evicted] + tonumber(events)
  else
    for f = i, i + 2 * fields - 2, 2 do
      call('HINCRBY', KEYS[k], argv[f], argv[f + 1])
    end
    call('RPUSH', KEYS[k + 1], argv[i + 2 * fields])
    call('HSET', KEYS[k], 'token', argv[3], 'changed', now)
    call('ZADD', KEYS[2], 'NX', now, member)
  end
  i = i + 2 * fields + 1
end

for a = first, first + ids - 1, 1000 do
  local b = math.min(a + 999, first + ids - 1)
  call('XACK', KEYS[1], argv[1], unpack(argv, a, b))
  call('XDEL', KEYS[1], unpack(argv, a, b))
end
return {'OK', late[8], late[9], late[10]}
