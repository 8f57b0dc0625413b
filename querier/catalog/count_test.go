package catalog_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/querier/archivetest"
	"github.com/glowmap/glow/querier/catalog"
	"github.com/glowmap/glow/querier/engine"
)

// dated is an engine for which each value of a file is its date.
type dated struct {
	engine.Engine
	files engine.AllFiles
	mu    sync.Mutex
	asked []string         // dates, each once
	fail  map[string]error // by date
	gate  chan struct{}    // each new date waits for one
}

func (e *dated) Run(ctx context.Context, q engine.Query, each func([]any) error) error {
	f := q.Files[0]
	e.mu.Lock()
	again := len(e.asked) > 0 && e.asked[len(e.asked)-1] == f.Date
	if !again {
		e.asked = append(e.asked, f.Date)
	}
	err := e.fail[f.Date]
	e.mu.Unlock()
	if e.gate != nil && !again {
		<-e.gate
	}
	if err != nil {
		return err
	}
	_, release, err := e.files.All(ctx, q.Files)
	if err != nil {
		return err
	}
	defer release()
	return each([]any{"download", f.Date, int64(f.Rows())})
}

func (e *dated) dates() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	list := e.asked
	e.asked = nil
	return strings.Join(list, " ")
}

// values are those of a column, as "VALUE:N".
func values(c *catalog.Catalog, t *catalog.Counts) (text string, more bool) {
	list, _, more := c.Values(t, "country", []string{"download"})
	var all []string
	for _, v := range list {
		all = append(all, fmt.Sprint(*v.Value, ":", v.N))
	}
	return strings.Join(all, " "), more
}

// The newest files are counted first, and what is counted is shown while the
// others are to come. The next start counts nothing again.
func TestCounting(t *testing.T) {
	a, source, cache := days(t, 3, 3)
	notes := t.TempDir()
	c := catalog.New(source, "", cache())
	c.ShowAlways()
	check(t, c.Remember(notes))
	check(t, c.Refresh(t.Context()))
	done, cancel := context.WithCancel(t.Context())
	cancel()
	if none := c.Counted(done); none.Version != "" {
		t.Error(none)
	}
	e := &dated{files: c, gate: make(chan struct{})}
	ended := make(chan error)
	go func() { ended <- c.Count(t.Context(), e) }()
	e.gate <- struct{}{}
	some := c.Counted(t.Context())
	if text, more := values(c, some); text != "2026-03-29:1000" || !more || some.Version == c.Current().Version {
		t.Errorf("so far %s, %v, of %s", text, more, some.Version)
	}
	close(e.gate)
	check(t, <-ended)
	all := c.Counted(t.Context())
	if text, more := values(c, all); text != "2026-03-27:1000 2026-03-28:1000 2026-03-29:1000" || more || all.Version != c.Current().Version {
		t.Errorf("at last %s, %v, of %s", text, more, all.Version)
	}
	if order := e.dates(); order != "2026-03-29 2026-03-28 2026-03-27" {
		t.Error(order)
	}
	check(t, os.Truncate(theOne(t, notes, 1), 7))
	a.Add(fat(seeded(), archivetest.First+3*archivetest.Day), true)
	a.Commit()
	c = catalog.New(source, "", cache())
	check(t, c.Remember(notes))
	check(t, c.Refresh(t.Context()))
	e.gate, e.files = nil, c
	check(t, c.Count(t.Context(), e))
	if text, more := values(c, c.Counted(t.Context())); text != "2026-03-27:1000 2026-03-28:1000 2026-03-29:1000 2026-03-30:1000" || more {
		t.Error(text, more)
	}
	if order := e.dates(); strings.Count(order, "2026") != 2 || !strings.HasPrefix(order, "2026-03-30 ") {
		t.Errorf("counted %s, want the new one and the torn one", order)
	}
}

// A file that can never be counted is passed over and said, once; one that
// cannot now is tried again, and does not keep others from being counted.
func TestCountingFails(t *testing.T) {
	_, source, cache := days(t, 6, 1)
	c := opened(t, source, cache())
	full, away := &catalog.Full{Files: 1, Bytes: 2, Most: 1}, errors.New("away")
	e := &dated{files: c, fail: map[string]error{"2026-03-31": full, "2026-03-30": fmt.Errorf("x: %w", engine.ErrMemory), "2026-03-28": away}}
	err := c.Count(t.Context(), e)
	for _, want := range []error{catalog.ErrFull, engine.ErrMemory, away} {
		if !errors.Is(err, want) {
			t.Errorf("%v, want %v", err, want)
		}
	}
	some := c.Counted(t.Context())
	if text, more := values(c, some); text != "2026-03-27:1000 2026-03-29:1000 2026-04-01:1000" || !more || some.Version == c.Current().Version {
		t.Error(text, more, some.Version)
	}
	e.fail = nil
	e.dates()
	check(t, c.Count(t.Context(), e))
	if text, more := values(c, c.Counted(t.Context())); !strings.Contains(text, "2026-03-28:1000") || strings.Contains(text, "2026-03-31") || !more {
		t.Error(text, more)
	}
	if order := e.dates(); order != "2026-03-28" || c.Counted(t.Context()).Version != c.Current().Version {
		t.Error(order)
	}
}

// When nothing works, counting rests.
func TestCountingRests(t *testing.T) {
	_, source, cache := days(t, 6, 1)
	c := opened(t, source, cache())
	away := errors.New("away")
	e := &dated{files: c, fail: map[string]error{"2026-04-01": away, "2026-03-31": away, "2026-03-30": away}}
	if err := c.Count(t.Context(), e); !errors.Is(err, away) || e.dates() != "2026-04-01 2026-03-31 2026-03-30" {
		t.Error(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Count(ctx, e); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// Texts that no file has any more are not kept for ever.
func TestWords(t *testing.T) {
	defer catalog.FewWords(4)()
	a := archivetest.New(t)
	a.Add([]archive.Row{{Time: archivetest.First, Type: "download"}}, false)
	a.Commit()
	c := a.Catalog()
	e := &dated{files: c}
	for day := range int64(15) {
		a.Manifest.Files = nil
		a.Add([]archive.Row{{Time: archivetest.First + day*archivetest.Day, Type: "download"}}, false)
		a.Commit()
		check(t, c.Refresh(t.Context()))
		check(t, c.Count(t.Context(), e))
		if text, _ := values(c, c.Counted(t.Context())); text != archive.Date(archivetest.First+day*archivetest.Day)+":1" {
			t.Fatal(text)
		}
	}
	if n := c.Words(); n > 10 {
		t.Errorf("%d texts", n)
	}
}
