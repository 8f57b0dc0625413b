#!lua flags=allow-oom
-- Takes or renews the lease of the one active instance of a daemon.
-- KEYS 1 lease
-- ARGV 1 own token, 2 milliseconds until it expires, 3 token of a holder known
--      to be dead or ''
-- Returns own token if it is ours now, else the holder's.
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] and holder ~= ARGV[3] then return holder end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return ARGV[1]
