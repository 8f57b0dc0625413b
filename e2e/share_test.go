package e2e

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/glowmap/glow/e2e/harness"
	"github.com/glowmap/glow/internal/geotest"
)

// sharers are so many addresses, each of which lives in a cell of its own: a
// share that is counted can be told from every other.
func sharers(n int) (places []geotest.Place) {
	for i := range n {
		a := netip.AddrFrom4([4]byte{20, byte(i >> 16), byte(i >> 8), byte(i)})
		places = append(places, geotest.Place{
			Net: a.String() + "/32", Country: "DE", LatLon: geotest.At(89.75-0.5*float64(i/720), -179.75+0.5*float64(i%720)),
		})
	}
	return places
}

// answers are what each share was answered: a status, or 0 where the
// connection broke and nobody knows.
type answers []atomic.Int32

// post sends all shares at a rate, each from its own address, and closes done.
func (a answers) post(url string, rate int, done chan struct{}) {
	defer close(done)
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 256}}
	slots, start := make(chan struct{}, 256), time.Now()
	for i := range a {
		<-time.After(time.Until(start.Add(time.Duration(i) * time.Second / time.Duration(rate))))
		slots <- struct{}{}
		go func() {
			defer func() { <-slots }()
			q, _ := http.NewRequest("POST", url, strings.NewReader("type=twitter"))
			q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			q.Header.Set("X-Forwarded-For", fmt.Sprintf("20.%d.%d.%d", i>>16, i>>8&255, i&255))
			if r, err := client.Do(q); err == nil {
				_, _ = io.Copy(io.Discard, r.Body)
				r.Body.Close()
				a[i].Store(int32(r.StatusCode))
			}
		}()
	}
	for range cap(slots) {
		slots <- struct{}{}
	}
}

// count is how many shares got each answer.
func (a answers) count() map[int32]int {
	m := map[int32]int{}
	for i := range a {
		m[a[i].Load()]++
	}
	return m
}

// sharehook and Redis are killed again and again under shares: each that was
// answered 204 counts once; one whose connection broke once or not at all;
// nothing else counts.
func TestKilledSharehook(t *testing.T) {
	t.Parallel()
	r := harness.Rand(t)
	shares := harness.Size(t, "GLOW_E2E_SHARES", 12000)
	kills, redisKills := harness.Size(t, "GLOW_E2E_KILLS", 8), harness.Size(t, "GLOW_E2E_REDIS_KILLS", 3)
	g := harness.New(t)
	if err := geotest.Write(g.GeoIP, 28, sharers(shares)...); err != nil {
		t.Fatal(err)
	}
	addr := freeAddr(t)
	g.Args["sharehook"] = []string{"--listen", addr, "--types", "twitter", "--trusted-proxies", "127.0.0.1/32", "--spool", t.TempDir()}
	g.Args["geoworker"] = []string{"--claim-after", "1s"}
	g.Once("publisher") // takes the feed's id, and waits until that is on the disk
	began := g.Began()
	units := []*harness.Unit{g.Unit("sharehook"), g.Unit("geoworker"), g.Unit("geoworker"), g.Unit("publisher")}
	listens(t, addr)
	got, done := make(answers, shares), make(chan struct{})
	go got.post("http://"+addr+"/share", 2000, done)
	faults := kills + redisKills
	mean := time.Duration(shares) * time.Second / 2000 / time.Duration(faults)
	every(r, faults, mean, func(i int) {
		if i*redisKills/faults == (i+1)*redisKills/faults {
			units[0].Kill()
		} else {
			g.Redis.Kill()
			g.TearSince(began, r, 50000) // a power cut: what Redis had counted comes again from the spool
			g.Redis.Start()
		}
		for _, u := range units {
			u.Check()
		}
	})
	<-done
	t.Logf("answers: %v (0 is none)", got.count())
	waitShares(t, g, got.count()[204])
	for _, u := range units {
		u.Stop()
	}
	g.Once("publisher")
	compareShares(t, g, got)
}

func listens(t *testing.T, addr string) {
	t.Helper()
	harness.Until(t, "sharehook listens", 20*time.Second, func() (bool, string) {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			c.Close()
		}
		return err == nil, errText(err)
	})
}

// waitShares waits until at least so many are counted and nothing moves.
func waitShares(t *testing.T, g *harness.Glow, least int) {
	t.Helper()
	last, since := -1, time.Now()
	harness.Until(t, fmt.Sprintf("%d shares are counted", least), time.Minute, func() (bool, string) {
		s, err := g.State()
		if err != nil || s.Queued > 0 || s.Counted != last {
			last, since = s.Counted, time.Now()
		}
		return s.Counted >= least && time.Since(since) > 3*time.Second, s.String() + errText(err)
	})
}

func compareShares(t *testing.T, g *harness.Glow, got answers) {
	t.Helper()
	var all struct {
		Types map[string]struct {
			N, Unlocated  int
			Cells, Counts []int
		}
	}
	if err := json.Unmarshal(g.Feed()["all.json"], &all); err != nil {
		t.Fatal(err)
	}
	counted := map[int]int{}
	s, cell := all.Types["share:twitter"], 0
	for i, d := range s.Cells {
		cell += d
		counted[cell] = s.Counts[i]
	}
	wrong := map[string]int{}
	for i := range got {
		n, status := counted[i], got[i].Load()
		delete(counted, i)
		if n > 1 || status == 204 && n != 1 || status != 204 && status != 0 && n != 0 {
			wrong[fmt.Sprintf("answered %d, counted %d times", status, n)]++
		}
	}
	if len(wrong) > 0 || len(counted) > 0 || s.Unlocated > 0 || len(all.Types) != 1 {
		t.Errorf("wrong: %v; shares that nobody sent: %d, unlocated: %d, types: %d", wrong, len(counted), s.Unlocated, len(all.Types))
	}
	t.Logf("%d counted", s.N)
}

// freeAddr is an address that nobody listens on just now.
func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
