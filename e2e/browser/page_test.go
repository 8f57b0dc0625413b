package browser

import (
	"context"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/evanw/esbuild/pkg/api"

	"github.com/glowmap/glow/e2e/harness"
	"github.com/glowmap/glow/internal/bucket"
	"github.com/glowmap/glow/page/feedtest"
)

// The map shows what the pipeline counted: a log is followed, counted and
// published by the real daemons while the page in Chromium plays it. Its counter
// is the log's at every playhead, live and past, and its sparks are those that Go
// draws.
func TestPageOfTheRealFeed(t *testing.T) {
	g := harness.New(t)
	l := newLog(t, g, 2*time.Hour)
	l.write(harness.Events(l.rand, harness.Size(t, "GLOW_E2E_PAGE", 20000), l.addrs, time.Now().Add(-2*time.Hour), 2*time.Hour-time.Minute))
	g.Start("tailer")
	g.Start("geoworker")
	g.Start("publisher")
	g.WaitCounted(l.lines, 2*time.Minute)
	ctx := chromium(t)
	if _, err := chromedp.Run(ctx, chromedp.EmulateViewport(1280, 720, chromedp.EmulateScale(.25))); err != nil {
		t.Fatal(err)
	}
	visit(t, ctx, servePage(t, g)+"/?render=splat")
	l.follow(t)
	exact(t, ctx, l, "glow.app.total()?.exact")
	for _, after := range []time.Duration{0, 3, 7} { // moments at which the log is written while it is watched
		at := l.begun.Add(after * time.Second)
		exact(t, ctx, l, fmt.Sprintf("glow.app.player.live && glow.app.at > %d", at.UnixMilli()))
	}
	for _, back := range []int{45, 61, 600, 3599, 3601, 7000} {
		script(t, ctx, fmt.Sprintf(`glow.app.seek(glow.app.present() - %d000), glow.app.player.paused = true, ""`, back))
		exact(t, ctx, l, fmt.Sprintf("glow.app.player.paused && %d", back))
	}
	sparks(t, ctx, strings.TrimPrefix(g.Target, "file://"))
}

// log is a log that knows what is in it.
type log struct {
	path  string
	rand  *rand.Rand
	addrs []netip.Addr
	begun time.Time // when lines were first written while the page watched

	mu     sync.Mutex
	lines  int
	counts map[string]map[int64]int // by type and second
}

func newLog(t *testing.T, g *harness.Glow, age time.Duration) *log {
	r := harness.Rand(t)
	return &log{path: g.Log, rand: r, addrs: harness.Addresses(t, r, g.GeoIP, 500), counts: map[string]map[int64]int{}}
}

// write appends events.
func (l *log) write(events []harness.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, err := os.OpenFile(l.path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		panic(err)
	}
	defer f.Close()
	var b strings.Builder
	for _, e := range events {
		fmt.Fprintf(&b, "%s\n", e.Line(l.rand, "glow"))
		if l.counts[e.Type] == nil {
			l.counts[e.Type] = map[int64]int{}
		}
		l.counts[e.Type][e.Time.Unix()]++
		l.lines++
	}
	if _, err := f.WriteString(b.String()); err != nil {
		panic(err)
	}
}

// follow writes ten events every quarter of a second until the test ends.
func (l *log) follow(t *testing.T) {
	l.begun = time.Now()
	over, done := make(chan struct{}), make(chan struct{})
	t.Cleanup(func() { close(over); <-done })
	go func() {
		defer close(done)
		tick := time.NewTicker(250 * time.Millisecond)
		defer tick.Stop()
		for {
			l.write(harness.Events(l.rand, 10, l.addrs, time.Now().Truncate(time.Second), time.Nanosecond))
			select {
			case <-over:
				return
			case <-tick.C:
			}
		}
	}()
}

// count is how many events of a type there are before a moment, those of its
// second by their part of it.
func (l *log) count(typ string, at float64) (n float64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for second, k := range l.counts[typ] {
		n += float64(k) * max(0, min(1, at-float64(second)))
	}
	return n
}

// exact waits until something holds in the page and its counters are then the
// log's. A busy machine may publish a little late, so it may look again.
func exact(t *testing.T, ctx context.Context, l *log, when string) {
	t.Helper()
	harness.Until(t, "the counter is exact: "+when, 90*time.Second, func() (bool, string) {
		seen := script(t, ctx, fmt.Sprintf(`window.glow?.app.numbers && (%s) ?
			["download", "share:twitter"].map((t) => glow.app.numbers.counter.at(t, glow.app.at / 1000)).concat(glow.app.at / 1000, glow.app.total()?.n ?? -1).join(" ") : ""`, when))
		var download, share, at, total float64
		if _, err := fmt.Sscan(seen, &download, &share, &at, &total); err != nil {
			return false, "the page shows " + seen
		}
		want := l.count("download", at)
		state := fmt.Sprintf("at %.1f: %.1f downloads, shown as %.0f, the log has %.1f; shares %.1f and %.1f", at, download, total, want, share, l.count("share:twitter", at))
		return math.Abs(total-want) <= 1 && math.Abs(share-l.count("share:twitter", at)) <= 1, state
	})
}

// servePage serves the page and the feed by the command that does that.
func servePage(t *testing.T, g *harness.Glow) string {
	t.Helper()
	addr := freeAddr(t)
	cmd := exec.Command(harness.Program(t, "page"), "serve", "--feed", g.Target, "--listen", addr)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	harness.Until(t, "the page is served", 90*time.Second, func() (bool, string) {
		r, err := http.Get("http://" + addr + "/feed/v1/latest.json")
		if err != nil {
			return false, err.Error()
		}
		return r.StatusCode == http.StatusOK, fmt.Sprint(r.Status, r.Body.Close())
	})
	return "http://" + addr
}

// sparks compares the sparks of what was published, as Chromium and as Go draw
// them.
func sparks(t *testing.T, ctx context.Context, feed string) {
	t.Helper()
	built := api.Build(api.BuildOptions{
		EntryPoints: []string{filepath.Join(harness.Root(), "page", "browser", "unit.ts")}, Bundle: true, Format: api.FormatIIFE,
		GlobalName: "unit", Target: api.ES2022, Loader: map[string]api.Loader{".bin": api.LoaderEmpty},
	})
	if len(built.Errors) > 0 {
		t.Fatal(built.Errors[0].Text)
	}
	script(t, ctx, string(built.OutputFiles[0].Contents)+`;globalThis.unit = unit; ""`)
	compared := map[bucket.Period]int{}
	err := filepath.WalkDir(filepath.Join(feed, "v1"), func(path string, _ fs.DirEntry, err error) error {
		id, ok := snapshot(strings.TrimPrefix(path, filepath.Join(feed, "v1")+"/"))
		if err != nil || !ok || compared[id.Period] == 20 {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		compared[id.Period]++
		for _, most := range []uint64{1 << 30, 50} {
			want, err := feedtest.Births(id, data, most)
			if err != nil {
				return err
			}
			if got := script(t, ctx, fmt.Sprintf(`unit.birthHashes(%s, %q, %d, %d)`, data, id.Period, id.Start, most)); got != want {
				t.Errorf("%s, at most %d: Chromium\n%sGo\n%s", id, most, got, want)
			}
		}
		return nil
	})
	if err != nil || len(compared) != 4 {
		t.Errorf("%v; compared %v", err, compared)
	}
}

// snapshot tells which snapshot an object is.
func snapshot(object string) (bucket.ID, bool) {
	period, rest, _ := strings.Cut(strings.TrimSuffix(object, ".json"), "/")
	layout := map[string]string{"10s": "2006/01/02/15/04/05", "1m": "2006/01/02/15/04", "1h": "2006/01/02/15", "1d": "2006/01/02"}[period]
	start, err := time.Parse(layout, rest)
	if layout == "" || err != nil || !strings.HasSuffix(object, ".json") {
		return bucket.ID{}, false
	}
	return bucket.ID{Period: bucket.Period(period), Start: start.Unix()}, true
}
