#!lua flags=allow-oom
-- Has counting steps append to the located stream from now on, and notes what
-- was counted without that; gives the feed an id unless it has one.
-- KEYS 1 meta, 2 archive, 3 bucket of all time
-- ARGV 1 feed id to be taken if there is none, 2 schema version, 3 '1' to switch
--      on also what was switched off deliberately
-- Returns {feed id, 'on' or 'off'} as they are now.
local call = redis.call
call('HSETNX', KEYS[1], 'schema', ARGV[2])
call('HSETNX', KEYS[1], 'feed', ARGV[1])
local state = call('HGET', KEYS[1], 'archive')
if state ~= 'on' and (ARGV[3] == '1' or not state) then
  local off, all = {}, call('HGETALL', KEYS[2])
  for i = 1, #all, 2 do
    local day = string.match(all[i], '^off|(.*)$')
    if day then
      off[day] = tonumber(all[i + 1])
      call('HDEL', KEYS[2], all[i])
    end
  end
  local counted = call('HGETALL', KEYS[3])
  for i = 1, #counted, 2 do
    local typ, date = string.match(counted[i], '^([^|]*)|day|(.*)$')
    if typ then
      local day = typ .. '|' .. date
      local n = tonumber(counted[i + 1]) - (off[day] or 0)
      if n > 0 then call('HINCRBY', KEYS[2], 'missing|' .. day, n) end
    end
  end
  state = 'on'
  call('HSET', KEYS[1], 'archive', state)
end
return {call('HGET', KEYS[1], 'feed'), state}
