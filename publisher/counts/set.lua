#!lua flags=allow-oom
-- Sets fields of meta; an empty value takes the field away.
-- KEYS 1 meta
-- ARGV field, value, …
-- Returns 'OK'.
for i = 1, #ARGV, 2 do
  if ARGV[i + 1] == '' then redis.call('HDEL', KEYS[1], ARGV[i])
  else redis.call('HSET', KEYS[1], ARGV[i], ARGV[i + 1]) end
end
return 'OK'
