package feed

import (
	"slices"
	"testing"
	"time"

	"github.com/glowmap/glow/internal/bucket"
	"github.com/glowmap/glow/internal/snapshot"
)

func TestSame(t *testing.T) {
	at := time.Date(2026, 3, 24, 14, 0, 50, 0, time.UTC)
	old := &snapshot.Latest{Seq: 1, Published: at, Status: snapshot.Live, Recent: []time.Time{at.Add(-time.Minute), at}}
	change := func(f func(*snapshot.Latest)) *snapshot.Latest {
		l := *old
		l.Seq, l.Published = 2, at.Add(time.Minute)
		f(&l)
		return &l
	}
	for name, c := range map[string]struct {
		now  *snapshot.Latest
		same bool
	}{
		"nothing":                {change(func(*snapshot.Latest) {}), true},
		"a recent one aged":      {change(func(l *snapshot.Latest) { l.Recent = old.Recent[1:] }), true},
		"a recent one more":      {change(func(l *snapshot.Latest) { l.Recent = []time.Time{at, at.Add(10 * time.Second)} }), false},
		"another status":         {change(func(l *snapshot.Latest) { l.Status = snapshot.Paused }), false},
		"another total":          {change(func(l *snapshot.Latest) { l.Totals = map[string]uint64{"download": 1} }), false},
		"a message":              {change(func(l *snapshot.Latest) { l.Message = text("noon") }), false},
		"another newest of days": {change(func(l *snapshot.Latest) { l.Newest = map[bucket.Period]time.Time{bucket.Day: at} }), false},
	} {
		if got := same(c.now, old); got != c.same {
			t.Errorf("%s: %v", name, got)
		}
	}
	if same(old, nil) {
		t.Error("the first heartbeat says something new")
	}
}

func TestDue(t *testing.T) {
	now := time.Unix(1395100805, 0)
	var r rhythm
	for id, want := range map[bucket.ID]bool{
		{Period: bucket.TenSeconds, Start: 1395100800}: false,
		{Period: bucket.TenSeconds, Start: 1395100790}: true,
		{Period: bucket.Minute, Start: 1395100800}:     false,
		{Period: bucket.Minute, Start: 1395100740}:     true,
		{Period: bucket.Hour, Start: 1395100800}:       true,
		allOfTime:                                      true,
	} {
		if got := r.due(id, now); got != want {
			t.Errorf("%s: due %v", id, got)
		}
	}
	r.did(allOfTime, now)
	r.did(bucket.ID{Period: bucket.Hour, Start: 0}, now)
	for after, want := range map[time.Duration][2]bool{
		14 * time.Second: {false, false}, 15 * time.Second: {true, false}, 59 * time.Second: {true, false}, time.Minute: {true, true},
	} {
		hour, all := r.due(bucket.ID{Period: bucket.Hour}, now.Add(after)), r.due(allOfTime, now.Add(after))
		if hour != want[0] || all != want[1] {
			t.Errorf("after %s: hour %v, all time %v", after, hour, all)
		}
	}
}

func TestNewestFirst(t *testing.T) {
	want := []bucket.ID{allOfTime, {Period: bucket.Hour, Start: 7200}, {Period: bucket.Minute, Start: 7200}, {Period: bucket.Minute, Start: 7140}, {Period: bucket.Day}}
	got := []bucket.ID{want[4], want[2], want[0], want[3], want[1]}
	if slices.SortFunc(got, newestFirst); !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
}

var allOfTime = bucket.ID{Period: bucket.All}
