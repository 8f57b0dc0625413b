//go:build cgo

package api

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/querier/archivetest"
	"github.com/glowmap/glow/querier/catalog"
	"github.com/glowmap/glow/querier/engine"
	"github.com/glowmap/glow/sharehook/client"
	"github.com/glowmap/glow/sharehook/limit"
)

// asker is an API over an archive, and its clients.
type asker struct {
	*testing.T
	archive *archivetest.Archive
	catalog *catalog.Catalog
	url     string
	tokens  string // the file
}

func (a *asker) check(err error) {
	a.Helper()
	if err != nil {
		a.Fatal(err)
	}
}

// newAsker serves an archive; change has a last say in the settings.
func newAsker(t *testing.T, archive *archivetest.Archive, change ...func(*Settings)) *asker {
	t.Helper()
	a := &asker{T: t, archive: archive, catalog: archive.Catalog(), tokens: filepath.Join(t.TempDir(), "tokens")}
	e, err := engine.OpenDuckDB(a.catalog, engine.Limits{Folders: []string{archive.Dir}, Threads: 1, Memory: 1 << 30, Concurrency: 2})
	a.check(err)
	a.check(a.catalog.Count(t.Context(), e))
	a.check(os.WriteFile(a.tokens, nil, 0o600))
	tokens, err := OpenTokens(a.tokens)
	a.check(err)
	s := Settings{
		Catalog: a.catalog, Engine: e, Log: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry(), Tokens: tokens,
		Public:    Public{Types: []string{"download"}, Dimensions: []string{"continent", "country", "date", "hour"}, MinCount: 10},
		QueryTime: time.Minute, MaxRows: 100_000, Concurrency: 2, CacheBytes: 1 << 20, MaxAge: 5 * time.Second,
		Rate: limit.NewRate(0, 1), Conns: limit.NewConns(100, 100, gauge(), counter()), Client: client.Finder{},
	}
	for _, f := range change {
		f(&s)
	}
	server := httptest.NewServer(New(s))
	t.Cleanup(func() { server.Close(); a.check(e.Close()) })
	a.url = server.URL
	return a
}

func gauge() prometheus.Gauge { return prometheus.NewGauge(prometheus.GaugeOpts{Name: "g"}) }

func counter() prometheus.Counter { return prometheus.NewCounter(prometheus.CounterOpts{Name: "c"}) }

// answered is an answer as it came.
type answered struct {
	*http.Response
	body string
}

// ask sends a request; headers are "Name: value".
func (a *asker) ask(method, path, body string, headers ...string) answered {
	a.Helper()
	r, err := http.NewRequestWithContext(a.Context(), method, a.url+path, strings.NewReader(body))
	a.check(err)
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Add(name, value)
	}
	if r.Header.Get("Accept-Encoding") == "" {
		r.Header.Set("Accept-Encoding", "identity")
	}
	got, err := http.DefaultTransport.RoundTrip(r)
	a.check(err)
	defer got.Body.Close()
	b, err := io.ReadAll(got.Body)
	a.check(err)
	return answered{got, string(b)}
}

// inside is an asker with a token for some types. Its file is read at the start.
func inside(t *testing.T, archive *archivetest.Archive, types string, change ...func(*Settings)) (*asker, string) {
	t.Helper()
	token, line, err := NewToken("someone", types)
	path := filepath.Join(t.TempDir(), "tokens")
	if err == nil {
		err = os.WriteFile(path, []byte("# who may come in\n\n"+line+"\n"), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return newAsker(t, archive, append(change, func(s *Settings) { s.Tokens, _ = OpenTokens(path) })...), "Authorization: Bearer " + token
}

func random(t *testing.T) *archivetest.Archive {
	return archivetest.Random(t, rand.New(rand.NewPCG(7, 8)), 60)
}

func TestKeys(t *testing.T) {
	archive := random(t)
	a, token := inside(t, archive, "*")
	got := a.ask("GET", "/v1/keys", "", token)
	var keys discovery
	a.check(json.Unmarshal([]byte(got.body), &keys))
	n := map[string]uint64{}
	lang := map[string]uint64{}
	for _, r := range archive.Rows {
		n[r.Type]++
		value := "null"
		for _, at := range r.Attrs {
			if at.Key == "lang" {
				value = at.Value
			}
		}
		lang[value]++
	}
	for _, k := range keys.Keys {
		if *k.N != n[k.Key] {
			t.Errorf("%s: %d, want %d", k.Key, *k.N, n[k.Key])
		}
	}
	var names []string
	for _, d := range keys.Dimensions {
		names = append(names, d.Name)
		if d.Name != "lang" {
			continue
		}
		for _, v := range d.Values {
			value := "null"
			if v.Value != nil {
				value = *v.Value
			}
			if v.N != lang[value] {
				t.Errorf("lang %q: %d, want %d", value, v.N, lang[value])
			}
			delete(lang, value)
		}
		delete(lang, "null") // of files that have no such column, nobody knows
	}
	if len(keys.Keys) != len(n) || len(lang) > 0 || keys.Door != "internal" {
		t.Errorf("%s\nwithout %v", got.body, lang)
	}
	if want := "continent country region cell lat lon date hour weekday attr_country lang os"; strings.Join(names, " ") != want {
		t.Errorf("dimensions %v, want %s", names, want)
	}
	if keys.From == nil || keys.Until == nil || *keys.Until != "2026-04-01T15:00:00Z" {
		t.Error(got.body)
	}
}

// A new file shows up by itself, and with it new versions of all answers.
func TestNewFile(t *testing.T) {
	history := random(t)
	a, token := inside(t, history, "*")
	before := a.ask("GET", "/v1/keys", "", token)
	row := archive.Row{Time: archivetest.First + 5*archivetest.Day, Type: "brand-new", Attrs: []archive.Attr{{Key: "beta", Value: "yes"}}}
	history.Add([]archive.Row{row}, false)
	history.Commit()
	a.check(a.catalog.Refresh(t.Context()))
	e, err := engine.OpenDuckDB(a.catalog, engine.Limits{Folders: []string{history.Dir}, Threads: 1, Memory: 1 << 28, Concurrency: 1})
	a.check(err)
	defer e.Close()
	a.check(a.catalog.Count(t.Context(), e))
	after := a.ask("GET", "/v1/keys", "", token, "If-None-Match: "+before.Header.Get("ETag"))
	if after.StatusCode != 200 || !strings.Contains(after.body, `"brand-new"`) || !strings.Contains(after.body, `"beta"`) {
		t.Error(after.Status, after.body)
	}
}

func TestQuery(t *testing.T) {
	a, token := inside(t, random(t), "*")
	q := `{"keys":["download"],"by":["lang"],"order":"lang"}`
	got := a.ask("POST", "/v1/query", q, token)
	var answer struct {
		V       int
		Version string
		Until   string
		Results []struct {
			Key     string
			Columns []string
			Rows    [][]any
		}
	}
	a.check(json.Unmarshal([]byte(got.body), &answer))
	if got.StatusCode != 200 || answer.V != 1 || answer.Until != "2026-04-01T15:00:00Z" || answer.Version != a.catalog.Current().Version ||
		len(answer.Results) != 1 || !slices.Equal(answer.Results[0].Columns, []string{"lang", "n"}) || len(answer.Results[0].Rows) != 6 {
		t.Fatal(got.Status, got.body)
	}
	byGet := a.ask("GET", "/v1/query?q="+url.QueryEscape(q), "", token)
	if byGet.body != got.body || byGet.Header.Get("Content-Type") != "application/json; charset=utf-8" {
		t.Error(byGet.Status, byGet.body)
	}
	if head := a.ask("HEAD", "/v1/query?q="+url.QueryEscape(q), "", token); head.body != "" || head.ContentLength != int64(len(got.body)) {
		t.Error(head.Status, head.ContentLength, head.body)
	}
	tag := got.Header.Get("ETag")
	if same := a.ask("POST", "/v1/query", `{"by":"attr_lang", "order":"lang","keys":"download"}`, token, `If-None-Match: "x", `+tag); same.StatusCode != 304 || same.body != "" || same.Header.Get("ETag") != tag {
		t.Error(same.Status, same.body)
	}
	if got.Header.Get("Cache-Control") != "private, max-age=5, stale-if-error=86400" || got.Header.Get("Vary") != "Accept, Accept-Encoding, Authorization" {
		t.Error(got.Header)
	}
	packed := a.ask("POST", "/v1/query", `{"keys":["download"],"every":"1h"}`, token, "Accept-Encoding: gzip")
	z, err := gzip.NewReader(strings.NewReader(packed.body))
	a.check(err)
	plain, err := io.ReadAll(z)
	a.check(err)
	if want := a.ask("POST", "/v1/query", `{"keys":["download"],"every":"1h"}`, token); want.body != string(plain) || len(packed.body) >= len(plain) {
		t.Error("packed it is another answer")
	}
}

// CSV has commas, quotes and all letters, and no formulas.
func TestCSV(t *testing.T) {
	a, token := inside(t, random(t), "*")
	got := a.ask("POST", "/v1/query", `{"keys":["download","it's \"odd\" *?[%_"],"by":["lang"],"order":"lang"}`, token, "Accept: text/csv;q=0.9, application/json;q=0.1")
	text, marked := strings.CutPrefix(got.body, "\ufeff")
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || !marked || got.Header.Get("Content-Type") != "text/csv; charset=utf-8" || !strings.Contains(text, "\r\n") {
		t.Fatal(err, got.Header, got.body)
	}
	var langs []string
	for _, row := range rows[1:7] {
		langs = append(langs, row[1])
	}
	if want := []string{"", "'=1+1", "a\"b'c;--", "de-DE", "日本語", ""}; !slices.Equal(rows[0], []string{"key", "lang", "n"}) || !slices.Equal(langs, want) || rows[7][0] != "it's \"odd\" *?[%_" {
		t.Errorf("%q", rows)
	}
	for accept, want := range map[string]int{"": 200, "*/*": 200, "text/*": 200, "application/json, */*;q=0.1": 200, "image/png": 406, "text/csv;q=0": 406, "application/xml;q=x": 406} {
		if got := a.ask("POST", "/v1/query", `{"keys":["download"]}`, token, "Accept: "+accept); got.StatusCode != want {
			t.Errorf("Accept: %s: %s", accept, got.Status)
		}
	}
}

// What is wrong is said with where, and how to do better; see is on our page.
func TestErrors(t *testing.T) {
	a := newAsker(t, random(t))
	for _, c := range []struct {
		method, path, body string
		status             int
		want               string
	}{
		{"POST", "/v1/query", `{"keys":["download"],"where":{"contry":"DE"}}`, 400, `{"error":{"field":"where.contry","message":"no such dimension; there are continent, country, date, hour","see":"/#where"}}`},
		{"POST", "/v1/query", strings.Repeat(" ", 1<<20), 413, "a question has at most 65536 bytes"},
		{"GET", "/v1/query?q={}&x=1", "", 400, "the question goes into one parameter"},
		{"GET", "/v1/query?q=%7B%22keys%22%3A%22download%22%2C%22every%22%3A%221m%22%2C%22to%22%3A%229999-12-31%22%7D", "", 400, "periods of 1m are more than"},
		{"DELETE", "/v1/query", "", 405, "want GET, HEAD, POST, OPTIONS"},
		{"POST", "/v1/keys", "", 405, "want GET, HEAD, OPTIONS"},
		{"GET", "/v1/nothing", "", 404, "there is nothing here"},
	} {
		got := a.ask(c.method, c.path, c.body)
		if got.StatusCode != c.status || !strings.Contains(got.body, c.want) || got.Header.Get("Cache-Control") != "no-store" || !json.Valid([]byte(got.body)) {
			t.Errorf("%s %s: %s %s", c.method, c.path, got.Status, got.body)
		}
	}
	if got := a.ask("OPTIONS", "/v1/query", "", "Origin: https://example.org", "Access-Control-Request-Method: POST"); got.StatusCode != 204 ||
		got.Header.Get("Access-Control-Allow-Origin") != "*" || !strings.Contains(got.Header.Get("Access-Control-Allow-Headers"), "Authorization") {
		t.Error(got.Status, got.Header)
	}
}

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

// Answers are forgotten for newer ones.
func TestCache(t *testing.T) {
	c := newCache(1000)
	made := 0
	get := func(key string) {
		body, had, err := c.get(t.Context(), key, func(context.Context) ([]byte, error) { made++; return make([]byte, 200), nil })
		if err != nil || len(body) != 200 {
			t.Error(had, err)
		}
	}
	for _, key := range []string{"a", "b", "a", "c", "d", "a", "e", "a", "b"} {
		get(key)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if made != 6 || c.bytes > 1000 {
		t.Errorf("%d made, %d bytes", made, c.bytes)
	}
}
