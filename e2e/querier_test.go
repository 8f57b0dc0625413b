package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/glowmap/glow/e2e/harness"
	"github.com/glowmap/glow/e2e/oracle"
)

// rowLog is all rows of the archive as the oracle has them, in the order of the log.
type rowLog struct {
	mu   sync.Mutex
	rows []oracle.Row
}

func (l *rowLog) add(r oracle.Row) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rows = append(l.rows, r)
}

// first are the first n rows.
func (l *rowLog) first(n int) []oracle.Row {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.rows[:n:n]
}

// inquiry is a question to the querier, and the same in Go.
type inquiry struct {
	where string // of JSON
	by    []string
	holds func(oracle.Row) bool
	group func(oracle.Row) []any
}

func text0(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func attribute(r oracle.Row, key string) any {
	v, err := url.ParseQuery(r.Attrs)
	if err != nil || !v.Has(key) {
		return nil
	}
	return v.Get(key)
}

var inquiries = []inquiry{
	{
		`{}`,
		[]string{"country"},
		func(oracle.Row) bool { return true },
		func(r oracle.Row) []any { return []any{text0(r.Country)} },
	},
	{
		`{"continent":"EU","not":{"os":"win"}}`,
		[]string{"os", "date"},
		func(r oracle.Row) bool { return r.Continent == "EU" && attribute(r, "os") != "win" },
		func(r oracle.Row) []any {
			return []any{attribute(r, "os"), time.Unix(r.Time, 0).UTC().Format(time.DateOnly)}
		},
	},
	{
		`{"lang":["","de",null]}`,
		[]string{"lang", "hour"},
		func(r oracle.Row) bool {
			lang := attribute(r, "lang")
			return lang == nil || lang == "" || lang == "de"
		},
		func(r oracle.Row) []any { return []any{attribute(r, "lang"), float64(r.Time / 3600 % 24)} },
	},
	{
		`{"lat":{"min":0,"max":52.5}}`,
		[]string{"region", "cell"},
		func(r oracle.Row) bool { return r.Located && r.Lat >= 0 && r.Lat <= 525000 },
		func(r oracle.Row) []any { return []any{text0(r.Region), float64(r.Cell)} },
	},
}

// groups is an answer in Go: counts by what is grouped by, as JSON.
func (q *inquiry) groups(rows []oracle.Row, typ string) map[string]int {
	n := map[string]int{}
	for _, r := range rows {
		if r.Type == typ && q.holds(r) {
			key, _ := json.Marshal(q.group(r))
			n[string(key)]++
		}
	}
	return n
}

// answered is what the querier said to an inquiry.
type answered struct {
	version string
	inquiry *inquiry
	typ     string
	groups  map[string]int
}

// inquirer asks a querier that comes and goes, on and on.
type inquirer struct {
	t     *testing.T
	unit  *harness.Unit
	token string

	mu       sync.Mutex
	versions map[string]int // rows, by version
	said     []answered
	refused  int
}

var questionsAt = regexp.MustCompile(`questions are answered.* addr=(\S+)`)

// errAway says that the querier is not there just now, or is about to be.
var errAway = fmt.Errorf("away")

func (i *inquirer) do(method, path string, body []byte, to any) error {
	m := questionsAt.FindStringSubmatch(i.unit.Process().Log())
	if m == nil {
		return errAway
	}
	r, err := http.NewRequest(method, "http://"+m[1]+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+i.token)
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		return errAway
	}
	defer a.Body.Close()
	text, err := io.ReadAll(a.Body)
	if err != nil || a.StatusCode == http.StatusServiceUnavailable {
		return errAway // killed in the middle of it, or being filled
	}
	if a.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s: %s", path, a.Status, text)
	}
	return json.Unmarshal(text, to)
}

// keys notes how many rows a version has, and returns them.
func (i *inquirer) keys() (rows int, err error) {
	var k struct {
		Version string
		Keys    []struct{ N int }
	}
	if err := i.do(http.MethodGet, "/v1/keys", nil, &k); err != nil {
		return 0, err
	}
	for _, one := range k.Keys {
		rows += one.N
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if was, ok := i.versions[k.Version]; ok && was != rows {
		i.t.Errorf("version %s has %d rows and had %d", k.Version, rows, was)
	}
	i.versions[k.Version] = rows
	return rows, nil
}

func (i *inquirer) ask(q *inquiry, typ string) error {
	body := fmt.Appendf(nil, `{"keys":[%q],"where":%s,"by":["%s","%s"]}`, typ, q.where, q.by[0], q.by[len(q.by)-1])
	if len(q.by) == 1 {
		body = fmt.Appendf(nil, `{"keys":[%q],"where":%s,"by":[%q]}`, typ, q.where, q.by[0])
	}
	var a struct {
		Version string
		Results []struct{ Rows [][]any }
	}
	if err := i.do(http.MethodPost, "/v1/query", body, &a); err != nil {
		return err
	}
	got := answered{a.Version, q, typ, map[string]int{}}
	for _, row := range a.Results[0].Rows {
		key, _ := json.Marshal(row[:len(row)-1])
		got.groups[string(key)] = int(row[len(row)-1].(float64))
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.said = append(i.said, got)
	return nil
}

// run asks until done.
func (i *inquirer) run(r *rand.Rand, done <-chan struct{}) {
	for {
		select {
		case <-done:
			return
		default:
		}
		_, err := i.keys()
		if err == nil {
			err = i.ask(&inquiries[r.IntN(len(inquiries))], harness.Types[r.IntN(len(harness.Types))])
		}
		switch {
		case err == errAway:
			i.mu.Lock()
			i.refused++
			i.mu.Unlock()
		case err != nil && !unknown.MatchString(err.Error()):
			i.t.Error(err)
			return
		}
		<-time.After(10 * time.Millisecond) // the machine has others to serve
	}
}

// unknown is said of a type or an attribute that no event has had yet.
var unknown = regexp.MustCompile(`400 Bad Request.*"field":"(keys|where|by)`)

// check compares what was said with the oracle's rows, and returns how many
// answers there were and of how many versions.
func (i *inquirer) check(log *rowLog) (answers, versions int) {
	i.t.Helper()
	seen, wanted := map[string]bool{}, map[string]string{}
	for _, a := range i.said {
		n, known := i.versions[a.version]
		if !known {
			continue // nobody asked for its keys
		}
		id := fmt.Sprint(n, a.inquiry.where, a.typ)
		if wanted[id] == "" {
			wanted[id] = fmt.Sprint(a.inquiry.groups(log.first(n), a.typ))
		}
		if got, want := fmt.Sprint(a.groups), wanted[id]; got != want {
			i.t.Errorf("%s of the first %d rows, %s by %v: %.500s, want %.500s", a.typ, n, a.inquiry.where, a.inquiry.by, got, want)
		}
		seen[a.version] = true
		answers++
	}
	return answers, len(seen)
}

// awaitAnswer waits for one more answer that can be compared.
func (i *inquirer) awaitAnswer() {
	i.t.Helper()
	count := func() (n int) {
		i.mu.Lock()
		defer i.mu.Unlock()
		for _, a := range i.said {
			if _, known := i.versions[a.version]; known {
				n++
			}
		}
		return n
	}
	before := count()
	harness.Until(i.t, "the querier answers", 2*time.Minute, func() (bool, string) {
		return count() > before || i.t.Failed(), i.unit.Process().Log()
	})
}

// newInquirer starts a querier of the system's archive, with a token.
func newInquirer(t *testing.T, g *harness.Glow) *inquirer {
	t.Helper()
	var token bytes.Buffer
	cmd := exec.Command(harness.Program(t, "querier"), "token", "test")
	cmd.Stderr = &token
	line, err := cmd.Output()
	if err != nil {
		t.Fatalf("querier token: %v\n%s", err, token.Bytes())
	}
	file := filepath.Join(g.Dir, "tokens")
	if err := os.WriteFile(file, line, 0o600); err != nil {
		t.Fatal(err)
	}
	u := g.Unit("querier", "--archive", g.Archive, "--query-listen", "127.0.0.1:0", "--tokens", file, "--query-rate", "0", "--refresh", "100ms",
		"--query-time", "2m", "--state", filepath.Join(g.Dir, "querier"), "--models", filepath.Join(g.Dir, "models"))
	return &inquirer{t: t, unit: u, token: string(bytes.TrimSpace(token.Bytes())), versions: map[string]int{}}
}

// Questions while a day flows in, of a querier that is killed now and then: each
// answer is that of the oracle's first rows, as many as its version has, and
// the feed is the oracle's: who counts and publishes does not notice.
func TestQuerierBesideALaunch(t *testing.T) {
	t.Parallel()
	lines, kills := harness.Size(t, "GLOW_E2E_QUERIER", 12000), harness.Size(t, "GLOW_E2E_QUERIER_KILLS", 2)
	r := rand.New(rand.NewPCG(uint64(harness.Size(t, "GLOW_E2E_SEED", 8)), 0))
	g := harness.New(t)
	g.Args["tailer"] = []string{"--attrs", "os,lang"}
	rows := &rowLog{}
	o := newOracle(t, oracle.Settings{GeoIP: g.GeoIP, Format: oracle.Format{Name: "glow", Attrs: "os,lang"}, Row: rows.add}, nil)
	write(t, g.Log, nil)
	g.Once("publisher")
	g.Once("archiver")
	var units []*harness.Unit
	for _, name := range []string{"tailer", "geoworker", "publisher"} {
		units = append(units, g.Unit(name))
	}
	units = append(units, g.Unit("archiver", "--segment-every", "200ms", "--compact-after", "1s"))
	g.WaitFollowed()
	i := newInquirer(t, g)
	ended := make(chan struct{})
	var asking sync.WaitGroup
	for n := range 4 {
		own := rand.New(rand.NewPCG(8, uint64(n)))
		asking.Go(func() { i.run(own, ended) })
	}
	h := &history{r: rand.New(rand.NewPCG(r.Uint64(), 0)), addrs: harness.Addresses(t, r, g.GeoIP, 500)}
	for part := range kills + 1 {
		h.left = lines/(kills+1) + (part+1)/(kills+1)*(lines%(kills+1))
		if err := h.write(g.Log, o, 700*time.Millisecond); err != nil {
			t.Fatal(err)
		}
		i.awaitAnswer() // about what there is so far
		if part == 0 {
			dropModel(t, g)
		}
		if part < kills {
			i.unit.Kill()
		}
	}
	g.WaitCounted(lines, 10*time.Minute)
	for _, u := range units {
		u.Stop()
	}
	g.Once("publisher")
	t.Log(g.Once("archiver", "--compact-after", "0s"))
	harness.Until(t, "all is known", 2*time.Minute, func() (bool, string) {
		n, err := i.keys()
		return n == len(rows.rows), fmt.Sprint(n, err)
	})
	close(ended)
	asking.Wait()
	for q := range inquiries {
		for _, typ := range harness.Types {
			if err := i.ask(&inquiries[q], typ); err != nil {
				t.Error(err)
			}
		}
	}
	i.checkModel(rows.rows)
	answers, versions := i.check(rows)
	t.Logf("%d answers, %d compared, of %d versions; not there %d times", len(i.said), answers, versions, i.refused)
	if answers < len(inquiries)*len(harness.Types) || versions < 2 {
		t.Errorf("%d answers of %d versions are too few to say anything", answers, versions)
	}
	i.unit.Stop()
	feed := g.Feed()
	feed.Compare(t, o)
	sameTotals(t, g, feed)
}
