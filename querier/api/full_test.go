//go:build cgo

package api

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/querier/catalog"
	"github.com/glowmap/glow/querier/engine"
)

// refusing is an engine that has but one answer, an error.
type refusing struct {
	engine.Engine
	err error
}

func (e *refusing) Run(context.Context, engine.Query, func([]any) error) error { return e.err }

// What does not fit the cache is refused with what helps: clients, those with a
// token, and in the log who runs the querier.
func TestFullCache(t *testing.T) {
	var log bytes.Buffer
	e := &refusing{}
	a, token := inside(t, random(t), "*", func(s *Settings) { s.Engine, s.Log = e, slog.New(slog.NewTextHandler(&log, nil)) })
	q := `{"keys":["download"]}`
	for i, c := range []struct {
		full          catalog.Full
		status, lines int
		public, more  string
	}{
		{catalog.Full{Files: 3, Bytes: 30 << 30, Most: 20 << 30}, 400, 1, "more room than the querier's cache has: ask for less time", "3 files take 30G and the cache has 20G: set --cache-size (GLOW_CACHE_SIZE) to 30G or more"},
		{catalog.Full{Files: 2, Bytes: 25 << 30, Most: 20 << 30}, 400, 1, "ask for less time", "25G or more"},
		{catalog.Full{Files: 1, Bytes: 31<<30 + 1, Most: 20 << 30}, 503, 2, "leave that day out", "32G or more"},
	} {
		e.err = fmt.Errorf("question %d: %w", i, &c.full)
		public := a.ask("POST", "/v1/query", q)
		if public.StatusCode != c.status || !strings.Contains(public.body, c.public) || strings.Contains(public.body, "cache-size") {
			t.Error(public.Status, public.body)
		}
		if in := a.ask("POST", "/v1/query", q, token); in.StatusCode != c.status || !strings.Contains(in.body, c.public) || !strings.Contains(in.body, c.more) {
			t.Error(in.Status, in.body)
		}
		if n := strings.Count(log.String(), "\n"); n != c.lines {
			t.Errorf("%d lines in the log, want %d: %s", n, c.lines, log.String())
		}
	}
	e.err = fmt.Errorf("%w: 3: %w", engine.ErrFilling, context.DeadlineExceeded)
	if got := a.ask("POST", "/v1/query", q); got.StatusCode != 503 || got.Header.Get("Retry-After") == "" || !strings.Contains(got.body, "still being fetched") {
		t.Error(got.Status, got.body)
	}
}

// A file that is gone or damaged is named in the log, which is where somebody looks who
// cannot get an answer, and to no client.
func TestGone(t *testing.T) {
	for what, want := range map[error]struct {
		status int
		says   string
	}{engine.ErrGone: {503, "try again"}, archive.ErrDamaged: {500, "is damaged: leave its time out"}} {
		var log bytes.Buffer
		e := &refusing{err: fmt.Errorf("%w: read v1/segments/x.parquet", what)}
		a, token := inside(t, random(t), "*", func(s *Settings) { s.Engine, s.Log = e, slog.New(slog.NewTextHandler(&log, nil)) })
		for _, header := range [][]string{nil, {token}} {
			log.Reset()
			got := a.ask("POST", "/v1/query", `{"keys":["download"]}`, header...)
			if got.StatusCode != want.status || !strings.Contains(got.body, want.says) || strings.Contains(got.body, "parquet") || !strings.Contains(log.String(), "v1/segments/x.parquet") {
				t.Error(got.Status, got.body, log.String())
			}
		}
	}
}

// broken is an engine with a bug.
type broken struct{ engine.Engine }

func (broken) Run(context.Context, engine.Query, func([]any) error) error { panic("a bug") }

// A bug that one question finds costs that question, and its place stands in the log.
func TestPanic(t *testing.T) {
	var log bytes.Buffer
	a := newAsker(t, random(t), func(s *Settings) {
		s.Engine, s.Log, s.Concurrency = broken{}, slog.New(slog.NewTextHandler(&log, nil)), 1
	})
	for range 2 {
		got := a.ask("POST", "/v1/query", `{"keys":["download"]}`)
		if got.StatusCode != 500 || strings.Contains(got.body, "bug") || !strings.Contains(log.String(), "a bug") || !strings.Contains(log.String(), "full_test.go") {
			t.Error(got.Status, got.body, log.String())
		}
	}
}
