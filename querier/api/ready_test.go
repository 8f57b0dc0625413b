//go:build cgo

package api

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/querier/engine"
)

// coming are files of which those of one date are on their way for as long as
// somebody waits for them.
type coming struct {
	engine.AllFiles
	date  string
	begun chan struct{}
}

func (s *coming) All(ctx context.Context, files []archive.File) ([]engine.Local, func(), error) {
	for _, f := range files {
		if f.Date == s.date {
			s.begun <- struct{}{}
			<-ctx.Done()
			return nil, nil, ctx.Err()
		}
	}
	return s.AllFiles.All(ctx, files)
}

// Questions whose files are on their way take nobody's turn.
func TestColdFiles(t *testing.T) {
	files := &coming{date: "2026-03-27", begun: make(chan struct{}, 10)}
	all := random(t)
	a := newAsker(t, all, func(s *Settings) {
		files.AllFiles = s.Catalog
		e, err := engine.OpenDuckDB(files, engine.Limits{Folders: []string{all.Dir}, Threads: 1, Memory: 1 << 28, Concurrency: 1})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { e.Close() })
		s.Engine, s.Concurrency = e, 1
	})
	ctx, leave := context.WithCancel(t.Context())
	gone := make(chan error)
	for _, q := range []string{`{"keys":["download"]}`, `{"keys":["download"],"by":["hour"]}`} {
		r, err := http.NewRequestWithContext(ctx, "POST", a.url+"/v1/query", strings.NewReader(q))
		a.check(err)
		go func() {
			_, err := http.DefaultTransport.RoundTrip(r)
			gone <- err
		}()
		<-files.begun
	}
	if got := a.ask("POST", "/v1/query", `{"keys":["download"],"from":"2026-03-28"}`); got.StatusCode != 200 {
		t.Error(got.Status, got.body)
	}
	leave()
	for range 2 {
		if <-gone == nil {
			t.Error("what was to wait is answered")
		}
	}
}
