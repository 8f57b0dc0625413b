#!lua flags=allow-oom
-- Says whether an entry that was read is in the stream still: if not, Redis went
-- back in time, and what was read since may be of two histories.
-- KEYS 1 located
-- ARGV 1 entry, 2 SHA-1 of its events
-- Returns 1 or 0.
local entry = redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[1])[1]
for f = 1, entry and #entry[2] or 0, 2 do
  if entry[2][f] == 'events' and redis.sha1hex(entry[2][f + 1]) == ARGV[2] then return 1 end
end
return 0
