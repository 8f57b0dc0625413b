package main

import (
	"slices"
	"testing"

	"github.com/redis/go-redis/v9"
)

// state is all of Redis, to be put back later: a rollback as an older
// append-only file, or a replica that lagged behind, would bring it.
type state map[string]string

func (st *stage) save() state {
	st.Helper()
	s := state{}
	for _, key := range st.redis.Keys(st.Context(), "*").Val() {
		s[key] = st.redis.Dump(st.Context(), key).Val()
	}
	return s
}

func (st *stage) rollBack(s state) {
	st.Helper()
	_, err := st.redis.TxPipelined(st.Context(), func(p redis.Pipeliner) error {
		p.FlushAll(st.Context())
		for key, dump := range s {
			p.RestoreReplace(st.Context(), key, 0, dump)
		}
		return nil
	})
	st.must(err)
}

// Redis goes back while an archiver runs, and what it lost is counted again in
// another order: what readers see never loses a row, and in the end each is
// there once.
func TestRollback(t *testing.T) {
	t.Parallel()
	st := newStage(t)
	lines := events(12, 4000, 2)
	p := st.start(soon...)
	st.append(lines[:1000], 100)
	eventually(t, "the first part is archived", st.archived)
	st.append(lines[1000:1200], 100)
	old := st.save() // with a part of it in the stream, perhaps
	st.append(lines[1200:2000], 100)
	eventually(t, "the second part is archived", st.archived)
	before := st.read()

	st.rollBack(old)
	st.rows = st.rows[:1200]
	again := slices.Clone(lines[1200:2000])
	slices.Reverse(again)
	st.append(again[:400], 33)
	eventually(t, "it is noticed", func() bool { return p.says("redis has archived less") })
	if got := st.read(); !slices.Equal(got, before) {
		t.Errorf("readers see %d rows, want the %d from before", len(got), len(before))
	}
	st.append(again[400:], 33)
	eventually(t, "it has recovered", func() bool { return p.says("recovered") })
	st.append(lines[2000:], 100)
	eventually(t, "all is archived", st.archived)
	p.stop()
	st.once()
	st.check()
}

// Redis goes back behind the first segment, to where nothing was archived yet:
// what it lost is counted again, as everything since the archive began is.
func TestRollbackToTheBeginning(t *testing.T) {
	t.Parallel()
	st := newStage(t)
	lines := events(19, 600, 1)
	st.once()
	old := st.save()
	st.append(lines[:300], 100)
	st.once()
	before := st.read()
	st.rollBack(old)
	st.rows = nil
	p := st.start(soon...)
	eventually(t, "it is noticed", func() bool { return p.says("redis has archived less") })
	st.append(lines[:200], 33)
	if got := st.read(); !slices.Equal(got, before) {
		t.Errorf("readers see %d rows, want the %d from before", len(got), len(before))
	}
	st.append(lines[200:], 33)
	eventually(t, "it has recovered", func() bool { return p.says("recovered") })
	eventually(t, "all is archived", st.archived)
	p.stop()
	st.once()
	st.check()
}

// A rollback within a segment that is being gathered: what was read of entries
// that Redis has forgotten is forgotten, too.
func TestRollbackWhileGathering(t *testing.T) {
	t.Parallel()
	st := newStage(t)
	lines := events(13, 900, 1)
	st.append(lines[:300], 100)
	st.once()
	p := st.start("--segment-every", "5s", withMetrics)
	eventually(t, "it is at work", func() bool { return st.redis.Exists(t.Context(), ns.Lease("archiver")).Val() == 1 })
	old := st.save()
	st.append(lines[300:600], 100)
	eventually(t, "it has read them", func() bool { return p.gathered() == 300 })
	st.rollBack(old)
	st.rows = st.rows[:300]
	st.append(lines[300:600], 70)
	st.append(lines[600:], 70)
	eventually(t, "all is archived", st.archived)
	if !p.says("starting over") {
		t.Error("it did not notice")
	}
	p.stop()
	st.check()
}

// A rollback that takes a compaction back: the inputs are still there.
func TestRollbackOfACompaction(t *testing.T) {
	t.Parallel()
	st := newStage(t)
	st.append(events(14, 500, 1), 50)
	p := st.start("--segment-every", "100ms", "--max-rows", "100", "--compact-after", "24h")
	eventually(t, "all is archived", st.archived)
	p.stop()
	old := st.save()
	st.once()
	days := st.days()
	st.rollBack(old)
	st.check()
	st.append(events(15, 10, 1), 5)
	st.once()
	st.check()
	if len(days) != 2 || len(st.days()) != 2 {
		t.Errorf("%d days, then %d", len(days), len(st.days()))
	}
}
