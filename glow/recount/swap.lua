#!lua flags=allow-oom
-- Puts other counts in the place of a bucket's and marks it dirty, if nothing
-- was counted since they were made.
-- KEYS 1 located, 2 meta, 3 dirty, 4 bucket, 5 parts, 6 bitmap of the evicted of
--      its period (or any key, for all time)
-- ARGV 1 last id ever given in the stream then, 2 feed id, 3 member of dirty,
--      4 token, 5 the counts as one part, 6 bit in that bitmap or -1, 7 1 if it
--      was evicted, 8 seq up to which published totals may be undercut or '',
--      then pairs (field, number) of the hash
-- Returns 'OK', or 'MOVED' if something was counted or the bucket has left.
local call = redis.call
if call('HGET', KEYS[2], 'feed') ~= ARGV[2] then return 'MOVED' end
local at = '0-0'
if call('EXISTS', KEYS[1]) == 1 then
  local info = call('XINFO', 'STREAM', KEYS[1])
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then at = info[i + 1] end
  end
end
if at ~= ARGV[1] then return 'MOVED' end
local bit = tonumber(ARGV[6])
if bit >= 0 and call('GETBIT', KEYS[6], bit) ~= tonumber(ARGV[7]) then return 'MOVED' end
if bit >= 0 then call('SETBIT', KEYS[6], bit, 0) end
local now = call('TIME')[1]
call('DEL', KEYS[4], KEYS[5])
for i = 9, #ARGV, 2 do call('HSET', KEYS[4], ARGV[i], ARGV[i + 1]) end
call('HSET', KEYS[4], 'token', ARGV[4], 'changed', now)
call('RPUSH', KEYS[5], ARGV[5])
call('ZADD', KEYS[3], 'NX', now, ARGV[3])
if ARGV[8] ~= '' then call('HSET', KEYS[2], 'recount', ARGV[8]) end
return 'OK'
