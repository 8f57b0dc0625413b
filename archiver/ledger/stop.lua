#!lua flags=allow-oom
-- Has counting steps append to the located stream no more, until that is
-- switched on again, and notes what was counted by now.
-- KEYS 1 meta, 2 archive, 3 bucket of all time
-- Returns 1 if it was on, else 0.
local call = redis.call
if call('HGET', KEYS[1], 'archive') ~= 'on' then
  call('HSET', KEYS[1], 'archive', 'off')
  return 0
end
local counted = call('HGETALL', KEYS[3])
for i = 1, #counted, 2 do
  local typ, date = string.match(counted[i], '^([^|]*)|day|(.*)$')
  if typ then call('HSET', KEYS[2], 'off|' .. typ .. '|' .. date, counted[i + 1]) end
end
call('HSET', KEYS[1], 'archive', 'off')
return 1
