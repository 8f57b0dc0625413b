#!lua flags=allow-oom
-- Replaces a bucket's first k parts by their sum, if part k is still the one
-- that was read: only the publisher takes parts away, and each has a random
-- token, so the k-th being the same means that all before it are.
-- KEYS 1 parts
-- ARGV 1 k, 2 header of part k, 3 the sum
-- Returns 1 if it was done, else 0.
local last = redis.call('LINDEX', KEYS[1], ARGV[1] - 1)
if not last or string.sub(last, 1, #ARGV[2]) ~= ARGV[2] then return 0 end
redis.call('LTRIM', KEYS[1], ARGV[1], -1)
redis.call('LPUSH', KEYS[1], ARGV[3])
return 1
