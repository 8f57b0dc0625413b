package clickhouse

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/querier/engine"
)

// pretend answers what an engine asks of one of two servers, which have one file
// of five rows; it calls asked once it has answered a question.
func pretend(t *testing.T, f archive.File, asked func()) *httptest.Server {
	t.Helper()
	answer := func(w http.ResponseWriter, types string, rows ...string) {
		var meta []string
		for typ := range strings.SplitSeq(types, " ") {
			meta = append(meta, fmt.Sprintf(`{"type":%q}`, typ))
		}
		fmt.Fprintf(w, `{"meta":[%s],"data":[%s],"rows":%d}`, strings.Join(meta, ","), strings.Join(rows, ","), len(rows))
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		switch sql := string(b); {
		case strings.HasPrefix(sql, "SHOW"):
			answer(w, "String", `["PARTITION BY (file, load)"]`)
		case strings.Contains(sql, "parts"):
			answer(w, "String Int64", fmt.Sprintf(`["(%d,7)",5]`, idOf(f)), `["shards",2]`, `["replicas",2]`)
		case strings.HasPrefix(sql, "SELECT"):
			answer(w, "Int64", "[5]")
			asked()
		}
	}))
	t.Cleanup(s.Close)
	return s
}

// A server that goes after it has answered is not asked again elsewhere: its
// rows have been taken.
func TestNoRowTwice(t *testing.T) {
	f := archive.File{Name: "a", Types: map[string]uint64{"download": 5}}
	var servers [2]*httptest.Server
	var once sync.Once
	for i := range servers {
		servers[i] = pretend(t, f, func() { once.Do(func() { servers[i].Listener.Close() }) })
	}
	e, err := Open(Options{URL: fmt.Sprintf("clickhouse://%s,%s/d?cluster=c", servers[0].Listener.Addr(), servers[1].Listener.Addr()), Log: discard})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	n := int64(0)
	err = e.Run(t.Context(), engine.Query{SQL: "SELECT count(*) FROM events", Files: []archive.File{f}}, func(row []any) error {
		n += row[0].(int64)
		return nil
	})
	if n != 5 || !errors.Is(err, engine.ErrAway) {
		t.Errorf("%d rows of 5, %v; want that the server is away", n, err)
	}
}
