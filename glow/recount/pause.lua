#!lua flags=allow-oom
-- Keeps counting steps from being done for a while, or lets them go on.
-- KEYS 1 meta
-- ARGV 1 milliseconds from now on; 0: go on
-- Returns 'OK'.
if ARGV[1] == '0' then
  redis.call('HDEL', KEYS[1], 'paused')
else
  local now = redis.call('TIME')
  redis.call('HSET', KEYS[1], 'paused', string.format('%.0f', now[1] * 1000 + math.floor(now[2] / 1000) + ARGV[1]))
end
return 'OK'
