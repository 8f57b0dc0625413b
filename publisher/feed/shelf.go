package feed

import (
	"maps"
	"slices"
	"time"

	"github.com/glowmap/glow/internal/bucket"
)

// recentTime is how far back latest.json lists the 10s snapshots that exist.
const recentTime = 2 * time.Minute

// shelf knows of the snapshots that exist what latest.json says of them: the
// newest of each period and the latest 10s ones.
type shelf struct {
	newest map[bucket.Period]int64
	tens   map[int64]bool // starts
}

func (s *shelf) clear() { s.newest, s.tens = map[bucket.Period]int64{}, map[int64]bool{} }

func (s *shelf) add(id bucket.ID) {
	if id.Period == bucket.All {
		return
	}
	if last, ok := s.newest[id.Period]; !ok || id.Start > last {
		s.newest[id.Period] = id.Start
	}
	if id.Period == bucket.TenSeconds {
		s.tens[id.Start] = true
	}
}

// keep says whether a bucket must stay in Redis for us to know it after a
// restart. The newest 10s snapshot need not: such files go after two days.
func (s *shelf) keep(id bucket.ID) bool {
	return id.Period != bucket.TenSeconds && s.newest[id.Period] == id.Start
}

// tensLife is how long a 10s snapshot can be relied on; then the store deletes it.
const tensLife = 48 * time.Hour

func (s *shelf) newestTimes(now time.Time) map[bucket.Period]time.Time {
	m := map[bucket.Period]time.Time{}
	for p, start := range s.newest {
		at := time.Unix(start, 0).UTC()
		if p != bucket.TenSeconds || now.Sub(at) < tensLife {
			m[p] = at
		}
	}
	return m
}

func (s *shelf) recent(now time.Time) []time.Time {
	since := now.Add(-recentTime).Unix()
	maps.DeleteFunc(s.tens, func(start int64, _ bool) bool { return start < since })
	list := make([]time.Time, 0, len(s.tens))
	for _, start := range slices.Sorted(maps.Keys(s.tens)) {
		list = append(list, time.Unix(start, 0).UTC())
	}
	return list
}

// serverClock is the Redis server's clock, running on between looks at it.
type serverClock struct{ server, local time.Time }

func (c *serverClock) set(server time.Time) { c.server, c.local = server, time.Now() }

func (c *serverClock) now() time.Time { return c.server.Add(time.Since(c.local)) }

// rhythm says which buckets are due: a 10s or 1m once it is over, longer
// periods at most so often.
type rhythm struct{ put map[bucket.ID]time.Time }

var rest = map[bucket.Period]time.Duration{bucket.Hour: 15 * time.Second, bucket.Day: time.Minute, bucket.All: time.Minute}

func (r *rhythm) due(id bucket.ID, now time.Time) bool {
	switch id.Period {
	case bucket.TenSeconds, bucket.Minute:
		end, _ := id.End()
		return end <= now.Unix()
	}
	last, ok := r.put[id]
	return !ok || now.Sub(last) >= rest[id.Period]
}

func (r *rhythm) did(id bucket.ID, now time.Time) {
	if rest[id.Period] == 0 {
		return
	}
	if r.put == nil {
		r.put = map[bucket.ID]time.Time{}
	}
	maps.DeleteFunc(r.put, func(id bucket.ID, at time.Time) bool { return now.Sub(at) >= rest[id.Period] })
	r.put[id] = now
}

// freshTime is how far back a pass looks before it writes latest.json.
const freshTime = 15 * time.Minute

// fresh lists the buckets that reach into the last freshTime.
func fresh(now time.Time) []bucket.ID {
	from, to := now.Add(-freshTime).Unix(), now.Unix()
	ids := []bucket.ID{{Period: bucket.All}}
	for _, p := range bucket.Periods {
		if p == bucket.All {
			continue
		}
		for start := p.Start(to); start+p.Seconds() > from; start -= p.Seconds() {
			ids = append(ids, bucket.ID{Period: p, Start: start})
		}
	}
	return ids
}
