#!lua flags=allow-oom
-- The mark of a Redis process whose AOF is known clean. Never called: it is
-- loaded once the gate (gate.go) is passed, and a restart forgets it.
-- KEYS none. ARGV none. Returns 'OK'.
return 'OK'
