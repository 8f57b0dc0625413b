package flow

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/glowmap/glow/internal/keys"
	"github.com/glowmap/glow/internal/redistest"
)

func TestRead(t *testing.T) {
	server := redistest.Start(t)
	c := server.Client()
	defer c.Close()
	feed := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/v1/latest.json":
			_, _ = w.Write([]byte(`{"totals":{"download":40,"share:twitter":2},"v":1}`))
		case "/v1/all.json":
			_, _ = w.Write([]byte(`{"types":{"download":{"n":41},"share:twitter":{"n":2}}}`))
		default:
			http.NotFound(w, r)
		}
	}))
	defer feed.Close()
	k, err := keys.New("t")
	if err != nil {
		t.Fatal(err)
	}
	fill(t, c)
	r := &Reader{Redis: c, Keys: k, Feed: feed.URL + "/v1/"}
	s, err := r.Read(t.Context(), State{})
	if err != nil || s.Counted != 53 || s.Published != 42 || s.Queued != 1 || s.Dropped() != 5 || s.Reasons() != "future 1, ip 4" {
		t.Errorf("%+v, %v", s, err)
	}
	if n, err := r.All(t.Context()); n != 43 || err != nil {
		t.Errorf("All = %d, %v", n, err)
	}
	since := s.Since(State{Counted: 3, Published: 2, Drops: map[string]int64{"tailer:ip": 1}})
	if since.Counted != 50 || since.Published != 40 || since.Dropped() != 4 {
		t.Errorf("%+v", since)
	}
	feed.Close()
	if s, err := r.Read(t.Context(), s); err != nil || s.Published != 42 {
		t.Errorf("without a feed: %+v, %v", s, err)
	}
	server.Kill()
	if _, err := r.Read(t.Context(), s); err == nil {
		t.Error("no error without redis")
	}
}

func fill(t *testing.T, c *redis.Client) {
	t.Helper()
	for _, cmd := range [][]any{
		{"HSET", "{t}:bucket:all:0", "download|n", "50", "download|unlocated", "7", "share:twitter|n", "3", "token", "12"},
		{"HSET", "{t}:drops", "tailer:ip", "4", "geoworker:future", "1"},
		{"XADD", "{t}:queue", "*", "events", "x"},
	} {
		if err := c.Do(t.Context(), cmd...).Err(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestLine(t *testing.T) {
	var m Meter
	at := time.Date(2026, 3, 24, 14, 0, 0, 0, time.UTC)
	for i := range 30 {
		m.Mark(at.Add(time.Duration(i)*100*time.Millisecond), int64(100*(i+1)))
	}
	at = at.Add(3 * time.Second)
	want := "14:00:03  3,000 written  2 queued  2,950 counted  2,500 published  1 dropped  lag 0.5 s"
	s := State{Queued: 2, Counted: 2950, Published: 2500, Drops: map[string]int64{"tailer:ip": 1}}
	if got := m.Line(at, 3000, s); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	want = "14:00:05  4,000 written (500/s)  0 queued  3,999 counted  3,999 published  1 dropped  lag 0.0 s"
	if got := m.Line(at.Add(2*time.Second), 4000, State{Counted: 3999, Published: 3999, Drops: s.Drops}); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := (&Meter{Colour: true}).Line(at, -1, State{}); got != "14:00:03  \x1b[36m0 queued\x1b[0m  \x1b[35m0 counted\x1b[0m  \x1b[32m0 published\x1b[0m" {
		t.Errorf("%q", got)
	}
}

func TestCommas(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -4321: "-4,321"} {
		if got := Commas(n); got != want {
			t.Errorf("Commas(%d) = %s, want %s", n, got, want)
		}
	}
}
