package torn

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/glowmap/glow/e2e/harness"
	"github.com/glowmap/glow/e2e/oracle"
	"github.com/glowmap/glow/internal/geotest"
)

// recording is a real run: the append-only file that it left, the log, and
// what was put when.
type recording struct {
	geoip, log   string
	files        map[string][]byte // of appendonlydir
	last         string            // the one that is appended to
	aof          []byte            // its content
	transactions int
	lastCount    int // bytes of it at the end of the last counting step
	puts         []put
	want         map[string][]byte // by object
	events       int
	drops        int
}

// put is an object that was put when the file was so long: before it was
// marked clean there.
type put struct {
	at     int
	object string
	json   []byte
}

// record makes a run of more than the least number of transactions: a few
// lines at a time are queued and counted, and now and then all is published.
func record(t *testing.T) *recording {
	t.Helper()
	dir := t.TempDir()
	r := &recording{geoip: filepath.Join(dir, "city.mmdb"), log: filepath.Join(dir, "access.log"), files: map[string][]byte{}}
	if err := geotest.Write(r.geoip, 28); err != nil {
		t.Fatal(err)
	}
	rand := harness.Rand(t)
	const rounds, lines = 60, 2
	events := harness.Events(rand, rounds*lines, harness.Addresses(t, rand, r.geoip, 20), time.Date(2026, 3, 24, 14, 0, 0, 0, time.UTC), 3*time.Minute)
	s := r.system(t)
	s.put = func(object string, json []byte) { r.puts = append(r.puts, put{s.size(t), object, json}) }
	var log bytes.Buffer
	for i := range rounds {
		for _, e := range events[i*lines : (i+1)*lines] {
			e.Type = harness.Types[e.Time.Unix()%2*6]
			log.Write(append(e.Line(rand, "glow"), '\n'))
		}
		if i%10 == 0 {
			log.WriteString("no event\n")
		}
		if err := os.WriteFile(r.log, log.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := s.work(false); err != nil {
			t.Fatal(err)
		}
		r.lastCount = s.size(t)
		if i%4 == 0 {
			if err := s.work(true); err != nil {
				t.Fatal(err)
			}
		}
	}
	s.redis.Kill()
	r.read(t, s.redis.Dir())
	r.ask(t, log.Bytes())
	return r
}

// storeAt is the target as it stood when the file was n bytes long.
func (r *recording) storeAt(n int) map[string][]byte {
	store := map[string][]byte{}
	for _, p := range r.puts {
		if p.at <= n {
			store[p.object] = p.json
		}
	}
	return store
}

func (r *recording) read(t *testing.T, dir string) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "appendonlydir", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(path)
		r.files[name] = b
		if strings.HasSuffix(name, ".incr.aof") {
			r.last, r.aof = name, b
		}
	}
	r.transactions = bytes.Count(r.aof, []byte("*1\r\n$4\r\nEXEC\r\n"))
	if r.transactions < least {
		t.Fatalf("the run left %d transactions, want %d or more", r.transactions, least)
	}
}

// ask asks the oracle.
func (r *recording) ask(t *testing.T, log []byte) {
	t.Helper()
	o, err := oracle.New(oracle.Settings{GeoIP: r.geoip, Format: oracle.Format{Name: "glow"}})
	if err == nil {
		err = o.Read(bytes.NewReader(log))
	}
	if err != nil {
		t.Fatal(err)
	}
	_, r.events, r.drops = o.Summary()
	r.want = o.Objects()
}

// compare says what is not as the oracle says.
func (r *recording) compare(s *system) error {
	if s.drops != r.drops {
		return fmt.Errorf("%d drops, want %d", s.drops, r.drops)
	}
	if len(s.store) != len(r.want) {
		return fmt.Errorf("%d objects, want %d", len(s.store), len(r.want))
	}
	for object, want := range r.want {
		if got := s.store[object]; !bytes.Equal(got, want) {
			return fmt.Errorf("%s is wrong:\n%s", object, harness.Difference(got, want))
		}
	}
	return nil
}
