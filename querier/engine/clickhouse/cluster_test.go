package clickhouse

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/internal/clickhousetest"
	"github.com/glowmap/glow/querier/engine"
)

// startCluster starts servers and connects to them.
func startCluster(t *testing.T, n int, d *folder, settings ...string) ([]*clickhousetest.Server, *Engine) {
	t.Helper()
	list := clickhousetest.StartCluster(t, n, settings...)
	return list, openAt(t, clickhousetest.ClusterURL(list...), d, 0)
}

// sum is how many rows servers have together.
func sum(t *testing.T, servers []*clickhousetest.Server) (rows int) {
	t.Helper()
	for _, s := range servers {
		n, err := strconv.Atoi(total(s))
		if err != nil {
			t.Fatal(err)
		}
		rows += n
	}
	return rows
}

// Files are spread over a cluster, each on one server; one that is there on
// two, or twice, counts once; and without one of the servers there is no answer.
func TestCluster(t *testing.T) {
	r := rand.New(rand.NewPCG(31, 32))
	d := newFolder(t.TempDir())
	servers, e := startCluster(t, 2, d, "skip_unavailable_shards=1")
	var files []archive.File
	for i := range 8 {
		files = append(files, d.put(t, someRows(r, 100, []string{"a", "b"}[:i%3]...)))
	}
	q := engine.Query{SQL: `SELECT count(*), count("attr_b") FROM events`, Files: files, Columns: []string{"attr_b"}}
	want := fmt.Sprint(all(t, e, q))
	same := func(what string) {
		t.Helper()
		for range servers { // each is asked
			if got := fmt.Sprint(all(t, e, q)); got != want {
				t.Errorf("%s: %s, want %s", what, got, want)
			}
		}
	}
	if !strings.HasPrefix(want, "[[800 ") {
		t.Errorf("%s, want 800 rows", want)
	}
	same("again")
	for _, s := range servers {
		if n := total(s); n == "0" || n == "800" {
			t.Errorf("a server has %s of 800 rows", n)
		}
	}
	for _, h := range e.hosts.all { // as another querier that knows other hosts
		if err := h.put(t.Context(), newLoad(files[7]), []string{"attr_a"}, d.path(files[7])); err != nil {
			t.Fatal(err)
		}
	}
	same("a file on both, twice on one")
	if got := sum(t, servers); got != 1000 {
		t.Errorf("%d rows are there, want 1000", got)
	}
	e.keep = 1
	for range 2 {
		if err := e.Keep(t.Context(), files); err != nil {
			t.Fatal(err)
		}
	}
	if got := sum(t, servers); got != 800 {
		t.Errorf("%d rows are there, want 800", got)
	}
	same("superfluous loads are dropped")
	for i, s := range servers {
		s.Kill()
		for range servers {
			err := e.Run(t.Context(), q, func([]any) error { return nil })
			if !errors.Is(err, engine.ErrAway) || !strings.Contains(err.Error(), "127.0.0.1:") {
				t.Errorf("without server %d: %v, want that it is away", i, err)
			}
		}
		s.Start()
		same("it is back")
	}
	servers[1].Do("DROP TABLE history.events")
	await(t, "it is filled again", func() bool { return e.Run(t.Context(), q, func([]any) error { return nil }) == nil })
	same("a server lost its table")
	servers[0].Do("ALTER TABLE history.events ADD COLUMN attr_c Nullable(String)")
	q.SQL, q.Columns = `SELECT count(*), count("attr_c") FROM events`, []string{"attr_c"}
	want = "[[800 0]]"
	same("a column that one of them has")
}

// A cluster that is not made of the hosts named is none.
func TestOtherCluster(t *testing.T) {
	d := newFolder(t.TempDir())
	servers, _ := startCluster(t, 2, d)
	var files []archive.File
	for range 8 {
		files = append(files, d.put(t, someRows(rand.New(rand.NewPCG(33, 34)), 10)))
	}
	url := clickhousetest.ClusterURL(servers...)
	for url, want := range map[string]string{
		clickhousetest.ClusterURL(servers[0]):                    "2 shards, want 1",
		strings.Replace(url, clickhousetest.Cluster, "other", 1): "other",
	} {
		err := openAt(t, url, d, 0).Keep(t.Context(), files)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", url, err, want)
		}
	}
	strange := clickhousetest.Start(t)
	for i := range servers { // each is asked
		e := openAt(t, strings.Replace(url, servers[1].Addr(), strange.Addr(), 1), d, 0)
		err := e.prepare(t.Context())
		if err == nil {
			_, err = e.choose(t.Context(), e.hosts.all[i], files)
		}
		if err == nil || !strings.Contains(err.Error(), clickhousetest.Cluster) {
			t.Errorf("%v, want that a host is not of the cluster", err)
		}
	}
}

// Servers add their own rows up where that can be.
func TestDirect(t *testing.T) {
	h, err := newHosts("clickhouse://a,b/d?cluster=c", "")
	if err != nil {
		t.Fatal(err)
	}
	for sql, want := range map[string]bool{
		`SELECT "x", count(*) FROM events GROUP BY "x"`:                      true,
		`SELECT count(*) FROM events WHERE "x" = ?`:                          true,
		`SELECT count(*) FROM events`:                                        true,
		`SELECT count("none") FROM events`:                                   false,
		`SELECT count(*) FROM events AS e WHERE e."x" = ?`:                   false,
		`SELECT count(*) FROM events, events WHERE 1 = 1`:                    false,
		`SELECT n FROM (SELECT count(*) AS n FROM events) AS e WHERE n > 1`:  false,
		`SELECT 'FROM events WHERE ' FROM (SELECT "x" FROM events) AS e`:     false,
		`WITH e AS (SELECT "x" FROM events WHERE "x" = ?) SELECT "x" FROM e`: false,
		`SELECT "attr_events", count(*) FROM events GROUP BY "attr_events"`:  false,
		`SELECT "x" FROM events LIMIT 1`:                                     true,
		`SELECT t FROM (SELECT "x" AS t FROM events WHERE 1 = 1) AS e`:       true,
		`SELECT t FROM (SELECT "x" AS t FROM events GROUP BY "x") AS e`:      true,
	} {
		columns := []string{"x"}
		if strings.Contains(sql, "none") {
			columns = append(columns, "none")
		}
		text := h.events(engine.Query{SQL: sql, Columns: columns}, map[string]bool{"x": true}, []load{{id: 7}})
		if got := text == "cluster('c', d, events) PREWHERE load IN (7)"; got != want {
			t.Errorf("%s: %s", sql, text)
		}
	}
}

// A new host takes its share of the files, and the others keep theirs.
func TestShares(t *testing.T) {
	two, err := newHosts("clickhouse://a,b/d?cluster=c", "")
	if err != nil {
		t.Fatal(err)
	}
	three, err := newHosts("clickhouse://b,c,a/d?cluster=c", "")
	if err != nil {
		t.Fatal(err)
	}
	shares := map[string]int{}
	for i := range 3000 {
		f := archive.File{Name: fmt.Sprint("v1/", i)}
		was, is := two.of(f).String(), three.of(f).String()
		if shares[is]++; is != was && is != "c:8123" {
			t.Fatalf("%s goes from %s to %s", f.Name, was, is)
		}
	}
	for host, n := range shares {
		if n < 800 || n > 1200 {
			t.Errorf("%s has %d files of 3000", host, n)
		}
	}
}
