#!lua flags=allow-oom
-- Removes consumers that have nothing pending. (Removing one with pending
-- entries would lose them.)
--
-- KEYS  1 queue
-- ARGV  group, consumers
-- Returns how many were removed.
local removed = 0
for i = 2, #ARGV do
  if #redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1, ARGV[i]) == 0 then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[i])
    removed = removed + 1
  end
end
return removed
