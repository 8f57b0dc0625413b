package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/glowmap/glow/internal/s3test"
)

// slow is a stage whose store keeps the PUTs of compacted days waiting.
type slow struct {
	*stage
	p    *process
	held chan struct{} // one for each such PUT
	let  func()        // lets them pass from now on
}

// newSlow has archived 500 events, and its archiver is putting the first
// compacted day, which it is not let.
func newSlow(t *testing.T) *slow {
	t.Helper()
	server := s3test.Start(t)
	server.Bucket("history")
	pass := make(chan struct{})
	s := &slow{stage: newStage(t), held: make(chan struct{}, 1000), let: sync.OnceFunc(func() { close(pass) })}
	behind := passOn(server)
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut && strings.Contains(r.URL.Path, "/day-") {
			s.held <- struct{}{}
			select {
			case <-pass:
			case <-r.Context().Done():
			}
		}
		behind.ServeHTTP(w, r)
	}))
	t.Cleanup(func() {
		s.let()
		front.CloseClientConnections()
		front.Close()
	})
	s.target = []string{"--archive", "s3://history/a", "--s3-endpoint", front.URL}
	s.append(events(40, 500, 1), 50)
	first := s.start("--segment-every", "100ms", "--max-rows", "200", "--compact-after", "24h")
	eventually(t, "the first events are archived", s.archived)
	first.stop()
	s.p = s.start(soon...) // looks for days to compact at once
	eventually(t, "a day is on its way", func() bool { return len(s.held) > 0 })
	return s
}

// compacted counts the compacted files that the archive consists of.
func (s *slow) compacted() (n int) {
	s.Helper()
	for _, f := range s.open().Files {
		if f.Day {
			n++
		}
	}
	return n
}

// finish has an archiver compact all there is.
func (s *slow) finish() {
	s.Helper()
	s.let()
	s.once()
	s.check()
	if files := s.open().Files; s.compacted() != len(files) {
		s.Errorf("%d of %d files are days", s.compacted(), len(files))
	}
}

// While a day is being compacted, however long, what is counted is archived,
// late events of that day among it; they are compacted next time.
func TestStreamGoesOnBesideCompaction(t *testing.T) {
	t.Parallel()
	s := newSlow(t)
	s.append(events(41, 500, 2), 50)
	eventually(t, "events are archived meanwhile", s.archived)
	s.check()
	if n := s.compacted(); n > 0 {
		t.Errorf("%d days are compacted, which nobody let: this shows nothing", n)
	}
	s.let()
	eventually(t, "the day is compacted", func() bool { return s.compacted() > 0 })
	s.check()
	s.p.stop()
	s.finish()
}

// Killed, or stopped, while a day is being compacted and more is archived.
func TestKilledBesideCompaction(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"killed", "stopped"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			s := newSlow(t)
			s.append(events(42, 300, 1), 50)
			eventually(t, "events are archived meanwhile", s.archived)
			s.append(events(43, 100, 1), 50)
			if how == "killed" {
				s.p.kill()
			} else {
				s.p.stop()
			}
			s.let()
			s.finish()
		})
	}
}

// Redis goes back while a day is being compacted: nothing is swapped for what
// it has forgotten.
func TestRollbackBesideCompaction(t *testing.T) {
	t.Parallel()
	s := newSlow(t)
	old := s.save()
	s.append(events(44, 300, 1), 50)
	eventually(t, "events are archived meanwhile", s.archived)
	s.rollBack(old)
	s.rows = s.rows[:500]
	s.append(events(44, 150, 1), 30) // another order of another part
	eventually(t, "it is noticed", func() bool { return s.p.says("redis has archived less") })
	s.let()
	s.append(events(44, 300, 1)[150:], 30)
	eventually(t, "it has recovered", func() bool { return s.p.says("recovered") })
	s.p.stop()
	s.finish()
}

// Another archiver takes over while a day is being compacted: only one of them
// swaps it.
func TestFrozenBesideCompaction(t *testing.T) {
	t.Parallel()
	s := newSlow(t)
	s.redis.Del(t.Context(), ns.Lease("archiver")) // as if ten seconds had gone by
	other := s.start(soon...)
	eventually(t, "the first gives up or goes on", func() bool {
		return s.p.says("the lease is lost") || other.says("another instance is active")
	})
	s.append(events(45, 300, 1), 50)
	s.let()
	eventually(t, "all is archived", s.archived)
	s.p.stop()
	other.stop()
	s.finish()
}
