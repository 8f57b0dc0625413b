package clickhouse

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/glowmap/glow/internal/clickhousetest"
	"github.com/glowmap/glow/querier/engine"
)

var discard = slog.New(slog.DiscardHandler)

func TestSettings(t *testing.T) {
	for url, want := range map[string]string{
		"http://h/d":                        "want clickhouse://",
		"clickhouse:/h/d":                   "want clickhouse://",
		"clickhouse://h":                    "of letters",
		"clickhouse:///d":                   "want clickhouse://",
		"clickhouse://h/d'":                 "of letters",
		"clickhouse://u:p@h/d":              "password",
		"clickhouse://u:p@h,g/d?cluster=c":  "password",
		"clickhouse://u:secret@h/d":         "password",
		"clickhouse://u:secret%@h/d":        "want clickhouse://",
		"clickhouse://h/d?password=secret":  "?tls=1",
		"clickhouse://h/d?tls=2":            "?tls=1",
		"clickhouse://h/d?cluster=":         "?tls=1",
		"clickhouse://h/d?cluster=a'b":      "cluster",
		"clickhouse://h/d/e":                "of letters",
		"clickhouse://127.0.0.1:99/%":       "want clickhouse://",
		"clickhouse://h,g/d":                "?cluster=NAME",
		"clickhouse://h,/d?cluster=c":       "want clickhouse://",
		"clickhouse://h,h:8123/d?cluster=c": "twice",
	} {
		if err := Check(url); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v, want %q, and no secret", url, err, want)
		}
	}
	for url, want := range map[string]string{
		"clickhouse://h/d":                         "h:8123/d http",
		"clickhouse://u@h/d?tls=1":                 "h:8443/d https",
		"clickhouse://[::1]:5/d":                   "[::1]:5/d http",
		"clickhouse://u@h,[::1],g:5/d?cluster=a_b": "h:8123,[::1]:8123,g:5/d http",
		"clickhouse://h:1,g/d?tls=1&cluster=c":     "h:1,g:8443/d https",
	} {
		h, err := newHosts(url, "")
		if err != nil {
			t.Errorf("%s: %v", url, err)
		} else if got := h.String() + " " + h.all[0].url.Scheme; got != want {
			t.Errorf("%s: %s, want %s", url, got, want)
		}
	}
}

func TestPassword(t *testing.T) {
	s := clickhousetest.Start(t)
	for _, password := range []string{"", "wrong"} {
		e, err := Open(Options{URL: s.URL(), Password: password, Log: discard})
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Run(t.Context(), engine.Query{SQL: "SELECT 1 FROM events"}, nil); err == nil || !strings.Contains(err.Error(), "assword") {
			t.Errorf("%q: %v, want that the password is wrong", password, err)
		}
	}
}

// What takes too much ends, and so does what nobody waits for.
func TestLimits(t *testing.T) {
	d := newFolder(t.TempDir())
	s, e := start(t, d)
	e.memory = 10 << 20
	none := func([]any) error { return nil }
	endless := engine.Query{SQL: "SELECT max(sleep(0.1)) FROM system.numbers"}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := e.Run(ctx, endless, none); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v, want that the time is over", err)
	}
	running := func(want string) bool {
		return s.Do("SELECT count() FROM system.processes WHERE query LIKE '%max(sleep(%' AND query NOT LIKE '%processes%'") == want
	}
	await(t, "it has ended", func() bool { return running("0") })
	ctx, cancel = context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- e.Run(ctx, endless, none) }()
	await(t, "it runs", func() bool { return len(done) > 0 || running("1") })
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want that it was cancelled", err)
	}
	await(t, "it has ended", func() bool { return running("0") })
	large := engine.Query{SQL: "SELECT count(DISTINCT number) FROM (SELECT number FROM system.numbers LIMIT 10000000)"}
	if err := e.Run(t.Context(), large, none); !errors.Is(err, engine.ErrMemory) {
		t.Errorf("%v, want that it takes too much memory", err)
	}
	stop := errors.New("enough")
	if err := e.Run(t.Context(), engine.Query{SQL: "SELECT 1"}, func([]any) error { return stop }); err != stop {
		t.Errorf("%v, want what the caller says and nothing else", err)
	}
	var said *Error
	if err := e.Run(t.Context(), engine.Query{SQL: "SELECT nothing FROM events"}, none); !errors.As(err, &said) || said.Code == 0 {
		t.Errorf("%v, want what the server says", err)
	}
}

// await asks until the answer is yes.
func await(t *testing.T, what string, yes func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !yes(); {
		if time.Now().After(end) {
			t.Fatalf("not in time: %s", what)
		}
	}
}

// A server that is away is no mistake of the question, and comes back.
func TestAway(t *testing.T) {
	s, e := start(t, newFolder(t.TempDir()))
	s.Kill()
	q := engine.Query{SQL: "SELECT count(*) FROM events"}
	if err := e.Run(t.Context(), q, nil); !errors.Is(err, engine.ErrAway) {
		t.Errorf("%v, want that it is away", err)
	}
	s.Start()
	if got := all(t, e, q); len(got) != 1 {
		t.Errorf("%v, want one row", got)
	}
}

// Whatever the answer is, reading it ends.
func FuzzRead(f *testing.F) {
	f.Add(`{"meta":[{"name":"a","type":"Nullable(Int64)"},{"name":"b","type":"String"}],"data":[["1","x\ty"],[null,null]],"rows":2,"statistics":{"elapsed":0.1}}`)
	f.Add(`{"meta":[{"name":"a","type":"Float64"}],"data":[[null],[1e3],[true]],"rows":3}`)
	f.Add(`{"meta":[{"name":"a","type":"Int64"}],"data":[[1]],"rows":1,"exception":"Code: 1"}`)
	f.Add(`{"rows":0}`)
	f.Fuzz(func(t *testing.T, text string) {
		width := -1
		err := read(strings.NewReader(text), func(row []any) error {
			if width >= 0 && len(row) != width {
				t.Errorf("a row of %d columns after one of %d", len(row), width)
			}
			width = len(row)
			return nil
		})
		if err == nil && !json.Valid([]byte(text)) {
			t.Error("an answer that does not end is taken")
		}
	})
}

// Whatever is in SQL, arguments get where question marks are, or it fails.
func FuzzRewrite(f *testing.F) {
	f.Add(`SELECT "a?", 'b?' FROM events WHERE c = ?`, "x")
	f.Add("?'", "'")
	f.Fuzz(func(t *testing.T, sql, value string) {
		out, err := rewrite(sql, []any{value}, "(SELECT 1)")
		if err != nil {
			return
		}
		lit, _ := literal(value)
		if !strings.Contains(out, lit) {
			t.Errorf("%q: no %s in %q", sql, lit, out)
		}
	})
}
