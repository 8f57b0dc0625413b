//go:build cgo

package api

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/glowmap/glow/querier/engine"
	"github.com/glowmap/glow/sharehook/limit"
)

// Too many rows are refused, however they would come about.
func TestTooMany(t *testing.T) {
	a, token := inside(t, random(t), "*", func(s *Settings) { s.MaxRows = 50 })
	for _, q := range []string{
		`{"keys":["download"],"by":["cell","attr_country","lang","os","hour"]}`,
		`{"keys":["download"],"by":["country"],"every":"1h","from":"2026-03-27","to":"2026-03-28"}`,
		`{"keys":["download"],"by":["country"],"every":"1h","from":"2026-03-27","to":"2026-03-28","limit":4}`,
		`{"keys":["download","share:twitter"],"every":"1h","from":"2026-03-27","to":"2026-03-29"}`,
	} {
		if got := a.ask("POST", "/v1/query", q, token); got.StatusCode != 400 || !strings.Contains(got.body, " more than the ") {
			t.Errorf("%s: %s %s", q, got.Status, got.body)
		}
	}
}

// stuck is an engine whose queries end when they are stopped.
type stuck struct {
	begun, stopped chan engine.Query
}

func (e stuck) Run(ctx context.Context, q engine.Query, _ func([]any) error) error {
	e.begun <- q
	<-ctx.Done()
	e.stopped <- q
	return ctx.Err()
}

func (stuck) Close() error { return nil }

// A question ends when nobody waits for it any more; two who ask the same have
// it run once, and those who come too late are told when to come back.
func TestManyClients(t *testing.T) {
	e := stuck{make(chan engine.Query, 100), make(chan engine.Query, 100)}
	a := newAsker(t, random(t), func(s *Settings) { s.Engine, s.Concurrency = e, 1 })
	ctx, leave := context.WithCancel(t.Context())
	refused, gone := make(chan *http.Response), make(chan error)
	send := func(q string) {
		r, err := http.NewRequestWithContext(ctx, "POST", a.url+"/v1/query", strings.NewReader(q))
		a.check(err)
		go func() {
			got, err := http.DefaultClient.Do(r)
			if err != nil {
				gone <- err
				return
			}
			got.Body.Close()
			refused <- got
		}()
	}
	send(`{"keys":["download"]}`)
	<-e.begun
	send(`{"keys":["download"]}`)
	for i := range mostWaiting + 1 { // one too many
		send(fmt.Sprintf(`{"keys":["download"],"limit":%d}`, i+1))
	}
	if got := <-refused; got.StatusCode != 503 || got.Header.Get("Retry-After") != "2" {
		t.Error(got.Status, got.Header)
	}
	leave()
	for range mostWaiting + 2 {
		<-gone
	}
	<-e.stopped
}

// A client that does not read is cut off, and what it asked for given up.
func TestSlowReader(t *testing.T) {
	done := make(chan struct{})
	body := bytes.Repeat([]byte("x"), 64<<20)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer close(done)
		sendWithin(w, r, asJSON, body, 20*time.Millisecond)
	}))
	defer server.Close()
	r, err := http.NewRequestWithContext(t.Context(), "GET", server.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept-Encoding", "identity")
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	<-done
	if b, err := io.ReadAll(got.Body); err == nil || len(b) == len(body) {
		t.Error("the whole answer has arrived")
	}
}

func TestRate(t *testing.T) {
	a := newAsker(t, random(t), func(s *Settings) { s.Rate = limit.NewRate(0.001, 2) })
	for i, want := range []int{200, 200, 429, 429} {
		got := a.ask("GET", "/v1/openapi.json", "")
		if got.StatusCode != want || want == 429 && got.Header.Get("Retry-After") == "" {
			t.Errorf("request %d: %s", i, got.Status)
		}
	}
}
