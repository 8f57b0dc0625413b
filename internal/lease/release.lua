#!lua flags=allow-oom
-- Gives the lease back.
-- KEYS 1 lease
-- ARGV 1 own token
-- Returns 1 if it was ours, else 0.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
