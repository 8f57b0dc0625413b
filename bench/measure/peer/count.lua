local key = 'm:' .. ARGV[1]
local function count(field) redis.call('HINCRBY', key, field, 1) end
count('n')
if ARGV[2] ~= '' then count('K' .. ARGV[2]) end
if ARGV[3] ~= '' then count('C' .. ARGV[3]) end
if ARGV[4] ~= '' then count('R' .. ARGV[3] .. '-' .. ARGV[4]) end
if ARGV[5] ~= '' then
  count('c' .. math.floor((ARGV[5] + 90) * 2) * 720 + math.floor((ARGV[6] + 180) * 2))
else
  count('u')
end
