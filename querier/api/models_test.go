//go:build cgo

package api_test

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/querier/api"
	"github.com/glowmap/glow/querier/archivetest"
	"github.com/glowmap/glow/querier/engine"
	"github.com/glowmap/glow/querier/model"
	"github.com/glowmap/glow/sharehook/limit"
)

// modelFiles are the models of these tests.
var modelFiles = map[string]string{
	"public":    "public = true\nevery = \"1s\"\nby = [\"country\"]\nvalue = \"count(*) as n\"",
	"downloads": "public = true\nwhere = \"type = 'download'\"\nvalue = \"count(*) as n\"",
	"secret":    "by = [\"date\"]\nvalue = \"count(*) as n\"",
	"texts":     "by = [\"case when lat > 0 then '=1+1' else 'Żółć, \\\"日本\\\"' end as text\"]",
	"bad":       "public = true\nwhere = \"secret_colum = 'x'\"",
}

type modelServer struct {
	*testing.T
	url, token string
	archive    *archivetest.Archive
	refresh    func()
	gate       *sync.RWMutex // models are computed while it is open
}

// gated is an engine behind a gate.
type gated struct {
	engine.Engine
	*sync.RWMutex
}

func (g gated) Run(ctx context.Context, q engine.Query, each func([]any) error) error {
	g.RLock()
	defer g.RUnlock()
	return g.Engine.Run(ctx, q, each)
}

// serveModels starts an API with models, all of which are filled.
func serveModels(t *testing.T, publicTypes ...string) *modelServer {
	t.Helper()
	a := archivetest.New(t)
	rows := make([]archive.Row, 2500)
	r := rand.New(rand.NewPCG(1, 1))
	for i := range rows {
		rows[i] = archive.Row{Time: archivetest.First + int64(i), Type: []string{"download", "share:x"}[i%2]}
		if r.IntN(2) == 0 {
			rows[i].Located, rows[i].Lat = true, 1
		}
	}
	a.Add(rows, false)
	a.Commit()
	files := a.Catalog()
	e, err := engine.OpenDuckDB(files, engine.Limits{Folders: []string{a.Dir}, Threads: 1, Memory: 1 << 30, Concurrency: 1})
	check(t, err)
	check(t, files.Count(t.Context(), e))
	dir := t.TempDir()
	for name, text := range modelFiles {
		check(t, os.WriteFile(filepath.Join(dir, name+".toml"), []byte(text), 0o644))
	}
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	gate := &sync.RWMutex{}
	store := model.New(model.Options{
		Folders: []string{dir}, State: t.TempDir(), Engine: gated{e, gate}, Archive: files, Log: log,
		Metrics: prometheus.NewRegistry(), Look: 20 * time.Millisecond,
	})
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- store.Run(ctx) }()
	t.Cleanup(func() { stop(); check(t, <-ended); check(t, e.Close()) })
	token, line, err := api.NewToken("someone", "*")
	check(t, err)
	tokens := filepath.Join(dir, "tokens")
	check(t, os.WriteFile(tokens, []byte(line+"\n"), 0o600))
	opened, err := api.OpenTokens(tokens)
	check(t, err)
	h := api.New(api.Settings{
		Catalog: files, Engine: e, Log: log, Metrics: prometheus.NewRegistry(), Models: store, Tokens: opened,
		Public: api.Public{Types: publicTypes}, QueryTime: time.Minute, MaxRows: 1000, Concurrency: 1, CacheBytes: 1 << 20, Rate: limit.NewRate(0, 1), Conns: limit.NewConns(100, 100, prometheus.NewGauge(prometheus.GaugeOpts{}), prometheus.NewCounter(prometheus.CounterOpts{})),
	})
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	m := &modelServer{T: t, url: s.URL, token: token, archive: a, gate: gate}
	m.refresh = func() { check(t, files.Refresh(t.Context())) }
	await(t, func() bool {
		for _, i := range store.List() {
			if i.State == model.Filling {
				return false
			}
		}
		return len(store.List()) == len(modelFiles)
	})
	return m
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func await(t *testing.T, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !holds(); {
		if time.Now().After(deadline) {
			t.Fatal("it does not come")
		}
		tick := time.NewTimer(5 * time.Millisecond)
		<-tick.C
	}
}

// get asks; headers are pairs.
func (m *modelServer) get(path string, headers ...string) (*http.Response, string) {
	m.Helper()
	r, err := http.NewRequestWithContext(m.Context(), http.MethodGet, m.url+path, nil)
	check(m.T, err)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := http.DefaultClient.Do(r)
	check(m.T, err)
	defer answer.Body.Close()
	var b strings.Builder
	_, err = fmt.Fprint(&b, readAll(m.T, answer))
	check(m.T, err)
	return answer, b.String()
}

func readAll(t *testing.T, r *http.Response) string {
	t.Helper()
	var b strings.Builder
	buffer := make([]byte, 4096)
	for {
		n, err := r.Body.Read(buffer)
		b.Write(buffer[:n])
		if err != nil {
			return b.String()
		}
	}
}

var nextLink = regexp.MustCompile(`<([^>]*)>; rel="next"`)

// TestModelPages: Link headers lead through all rows of one version, keep every
// parameter, and each row comes once while others arrive.
func TestModelPages(t *testing.T) {
	m := serveModels(t, "*")
	path := "/v1/models/public?order=-time&rows_per_page=300&limit=2000&start=2026-03-27"
	var times []string
	for pages := 0; path != ""; pages++ {
		r, body := m.get(path)
		var page struct {
			Rows         [][]any
			Page, Pages  int
			Version      string
			Columns      []string
			Total, Extra int
		}
		check(t, json.Unmarshal([]byte(body), &page))
		if r.StatusCode != 200 || page.Page != pages+1 || page.Pages != 7 || page.Total != 2000 || !slices.Equal(page.Columns, []string{"time", "country", "n"}) {
			t.Fatal(path, r.StatusCode, body[:min(300, len(body))])
		}
		for _, row := range page.Rows {
			times = append(times, row[0].(string))
		}
		m.archive.Add([]archive.Row{{Time: archivetest.First + 5000 + int64(pages), Type: "download"}}, false)
		m.archive.Commit()
		m.refresh()
		path = ""
		if next := nextLink.FindStringSubmatch(r.Header.Get("Link")); next != nil {
			path = next[1]
			u, err := url.Parse(path)
			check(t, err)
			if q := u.Query(); q.Get("order") != "-time" || q.Get("rows_per_page") != "300" || q.Get("limit") != "2000" || q.Get("start") != "2026-03-27" || q.Get("version") != page.Version {
				t.Fatal(path)
			}
		}
	}
	if len(times) != 2000 || !slices.IsSortedFunc(times, func(a, b string) int { return strings.Compare(b, a) }) || len(slices.Compact(times)) != 2000 {
		t.Errorf("%d rows", len(times))
	}
}

// TestModelDoors: without a token there are public models only, and of these
// only those of public types; what is wrong with a file is nobody's business.
func TestModelDoors(t *testing.T) {
	m := serveModels(t, "download")
	inside := []string{"Authorization", "Bearer " + m.token}
	_, list := m.get("/v1/models")
	_, all := m.get("/v1/models", inside...)
	for name := range modelFiles {
		r, body := m.get("/v1/models/" + name)
		seen := name == "downloads"
		if (r.StatusCode == 200) != seen || strings.Contains(list, `"`+name+`"`) != seen || !seen && r.StatusCode != 404 {
			t.Error(name, r.StatusCode, body, list)
		}
		r, body = m.get("/v1/models/"+name, inside...)
		if good := name != "bad"; (r.StatusCode == 200) != good || !strings.Contains(all, `"`+name+`"`) {
			t.Error(name, r.StatusCode, body)
		}
	}
	if !strings.Contains(all, "no column") || strings.Contains(list, "colum =") {
		t.Error(all, list)
	}
	_, keys := m.get("/v1/keys")
	if !strings.Contains(keys, `"models":[{"name":"downloads"`) || strings.Contains(keys, "secret") {
		t.Error(keys)
	}
}

// TestModelHiddenTypeGone: the rows that are shown decide what may be seen, not
// the archive of this moment.
func TestModelHiddenTypeGone(t *testing.T) {
	m := serveModels(t, "download")
	inside := []string{"Authorization", "Bearer " + m.token}
	_, body := m.get("/v1/models/public", inside...)
	var page struct{ Version string }
	check(t, json.Unmarshal([]byte(body), &page))
	status := func(path string, headers ...string) int {
		r, _ := m.get(path, headers...)
		return r.StatusCode
	}
	m.gate.Lock()
	m.archive.Add([]archive.Row{{Time: archivetest.First, Type: "download"}}, false)
	m.archive.Manifest.Files = m.archive.Manifest.Files[1:]
	m.archive.Commit()
	m.refresh()
	_, list := m.get("/v1/models")
	_, keys := m.get("/v1/keys")
	if got := status("/v1/models/public"); got != 404 || strings.Contains(list, `"public"`) || strings.Contains(keys, `"name":"public"`) {
		t.Error("rows of a hidden type:", got, list)
	}
	m.gate.Unlock()
	await(t, func() bool { return status("/v1/models/public") == 200 })
	if out, in := status("/v1/models/public?version="+page.Version), status("/v1/models/public?version="+page.Version, inside...); out != 404 || in != 200 {
		t.Error("the older version:", out, in)
	}
}

// TestModelAnswers: kinds, caching, mistakes.
func TestModelAnswers(t *testing.T) {
	m := serveModels(t, "*")
	r, body := m.get("/v1/models/texts", "Accept", "text/csv", "Authorization", "Bearer "+m.token)
	table, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(body, "\ufeff"))).ReadAll()
	if err != nil || r.Header.Get("Content-Type") != "text/csv; charset=utf-8" || len(table) != 3 {
		t.Fatal(err, body)
	}
	if texts := []string{table[1][0], table[2][0]}; !slices.Contains(texts, "'=1+1") || !slices.Contains(texts, `Żółć, "日本"`) {
		t.Errorf("%q", texts)
	}
	r, _ = m.get("/v1/models/public")
	if again, _ := m.get("/v1/models/public", "If-None-Match", r.Header.Get("ETag")); again.StatusCode != http.StatusNotModified {
		t.Error(again.Status)
	}
	for path, want := range map[string]string{
		"?page=0": "page", "?page=9999": "page", "?rows_per_page=x": "rows_per_page", "?rows_per_page=10001": "rows_per_page",
		"?start=tomorrow": "start", "?order=m": "order", "?ordr=n": "ordr", "?page=1&page=2": "page", "?limit=-1": "limit",
		"?version=abc": "version", "?order=n,n,n,n": "order",
	} {
		r, body := m.get("/v1/models/public" + path)
		status := 400
		if want == "version" {
			status = 410
		}
		if r.StatusCode != status || !strings.Contains(body, `{"error":{"field":"`+want+`"`) {
			t.Error(path, r.StatusCode, body)
		}
	}
	if r, _ := m.get("/v1/models/../models/none"); r.StatusCode != 404 {
		t.Error(r.Status)
	}
}
