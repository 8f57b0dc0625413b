//go:build cgo

package model

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/glowmap/glow/archiver/store"
	"github.com/glowmap/glow/querier/catalog"
	"github.com/glowmap/glow/querier/engine"
)

// childVar makes a process of this test that keeps models up to date: of the
// archive, the models and the state in its value.
const childVar = "GLOW_TEST_MODELS"

func TestMain(m *testing.M) {
	if dirs := os.Getenv(childVar); dirs != "" {
		child(strings.Split(dirs, "|"))
	}
	os.Exit(m.Run())
}

// child says "ready" each time when all models are up to date, until it is killed.
func child(dirs []string) {
	ctx := context.Background()
	source, err := store.New(ctx, "file://"+dirs[0], store.Options{})
	files := catalog.New(source, dirs[0], nil)
	must(err)
	must(files.Refresh(ctx))
	e, err := engine.OpenDuckDB(files, engine.Limits{Folders: dirs[:1], Threads: 1, Memory: 1 << 30, Concurrency: 2})
	must(err)
	s := New(Options{
		Folders: dirs[1:2], State: dirs[2], Engine: e, Archive: files, Look: 10 * time.Millisecond,
		Log: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry(),
	})
	go func() { must(s.Run(ctx)) }()
	fmt.Println("begun")
	said := ""
	for {
		must(files.Refresh(ctx))
		if now := files.Current().Version; said != now && s.all(now) {
			said = now
			fmt.Println("ready", now)
		}
		tick := time.NewTimer(5 * time.Millisecond)
		<-tick.C
	}
}

func must(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

// all says whether all models are of a version of the archive.
func (s *Store) all(version string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.models {
		if e.now() == nil || e.seen != version {
			return false
		}
	}
	return len(s.models) > 0
}

// TestKilled: the process is killed at any moment while events flow, late ones
// too, and models come; in the end all rows are right.
func TestKilled(t *testing.T) {
	h := newHistory(t)
	r := rand.New(rand.NewPCG(17, 18))
	var names []string
	for day := range 6 {
		names = append(names, h.add(someRows(r, day, 100)))
	}
	h.commit()
	dir := folder(t, map[string]string{"countries": byCountry, "all": allTime, "unique": unique})
	state := t.TempDir()
	kills := 12
	for n := range kills {
		c := exec.Command(os.Args[0], "-test.run=^$")
		c.Env = append(os.Environ(), childVar+"="+h.dir+"|"+dir+"|"+state)
		c.Stderr = os.Stderr
		out, err := c.StdoutPipe()
		h.check(err)
		h.check(c.Start())
		lines := bufio.NewScanner(out)
		lines.Scan() // begun
		switch n % 3 {
		case 0: // at once, or while it adds up
		case 1:
			names = append(names, h.add(someRows(r, n/2, 30)))
			h.commit()
			lines.Scan()
		case 2:
			old := names[len(names)-1]
			names[len(names)-1] = h.add(append(slices.Clone(h.rows[old]), someRows(r, (n-1)/2, 10)...), old)
			if n == 5 {
				write(t, dir, "late", "by = [\"date\", \"type\"]\nvalue = \"max(time) as last\"")
			}
			h.commit()
		}
		pause := time.NewTimer(time.Duration(r.IntN(40)) * time.Millisecond) // a moment by chance, not one to wait for
		<-pause.C
		h.check(c.Process.Kill())
		_ = c.Wait()
	}
	e := h.duck()
	s, _ := h.store(e, Options{Folders: []string{dir}, State: state})
	fresh, _ := h.store(e, Options{Folders: []string{dir}})
	for _, name := range []string{"countries", "all", "unique", "late"} {
		h.await(s, name)
		h.await(fresh, name)
		if got, want := rows(t, s, name, Ask{}), rows(t, fresh, name, Ask{}); !slices.Equal(got, want) || len(got) == 0 {
			t.Errorf("%s:\n%s\nwant\n%s", name, sample(got), sample(want))
		}
	}
	if got := rows(t, s, "countries", Ask{}); !slices.Equal(got, naive(h.all())) {
		t.Error(sample(got))
	}
	if left, _ := filepath.Glob(filepath.Join(state, "*", "*", "*", ".new-*")); len(left) > 0 {
		t.Error(left)
	}
}
