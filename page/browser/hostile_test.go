package browser

import (
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// hang answers nothing until the test ends.
func hang(t *testing.T) func(http.ResponseWriter, string) bool {
	over := make(chan struct{})
	t.Cleanup(func() { close(over) })
	return func(http.ResponseWriter, string) bool {
		<-over
		return true
	}
}

// stall begins an answer and never ends it.
func stall(t *testing.T) func(http.ResponseWriter, string) bool {
	hang := hang(t)
	return func(w http.ResponseWriter, name string) bool {
		fmt.Fprint(w, `{"v":1,"feed":"f00d",`)
		w.(http.Flusher).Flush()
		return hang(w, name)
	}
}

// A store that takes requests and never answers, or stops in the middle of one,
// makes the page late and no worse; with the first answer it goes on.
func TestHungFeed(t *testing.T) {
	t.Parallel()
	feed, _ := fastFeed(600, 3*time.Hour)
	p := open(t, site(t, feed).URL+"/?render=splat", hasten)
	p.until(ready)
	for _, answer := range []func(http.ResponseWriter, string) bool{hang(t), stall(t)} { // no headers, half a body
		p.badges()
		eval[any](p, `{ glow.app.errors = [] }`)
		feed.Answer(answer)
		p.passed("late")
		p.until(`glow.app.errors.some((e) => e.includes("TimeoutError"))`)
		feed.Answer(nil)
		p.badge("live")
		if d := difference(p, feed.Feed); math.Abs(d) > 1.5 {
			t.Errorf("afterwards it is off by %.2f", d)
		}
	}
	p.Unharmed()
}

// A page that is opened while snapshots hang, or all of the feed does, or even
// its own settings, is there once they come.
func TestHungStart(t *testing.T) {
	t.Parallel()
	for _, stuck := range []string{"latest.json", "all.json", "settings.json", ""} {
		t.Run(stuck, func(t *testing.T) {
			t.Parallel()
			feed, _ := fastFeed(600, 3*time.Hour)
			inner := site(t, feed)
			var held atomic.Int32
			var free atomic.Bool
			server := serveWith(t, func(w http.ResponseWriter, r *http.Request) {
				if strings.HasSuffix(r.URL.Path, ".json") && strings.HasSuffix(r.URL.Path, stuck) && !free.Load() {
					held.Add(1)
					<-r.Context().Done() // the page has given up
					return
				}
				inner.Config.Handler.ServeHTTP(w, r)
			})
			p := open(t, server.URL+"/?render=splat", hasten)
			wait(p, func() bool { return held.Load() > 1 })
			free.Store(true)
			p.until(ready + ` && glow.settings.build !== ""`)
			p.Unharmed()
		})
	}
}

// Bodies without an end, and nesting without an end, are refused.
func TestTooLarge(t *testing.T) {
	t.Parallel()
	feed, _ := fastFeed(600, 3*time.Hour)
	const patient = `AbortSignal.timeout = () => new AbortController().signal` // what is large takes its time
	p := open(t, site(t, feed).URL+"/?render=splat", hasten, patient)
	p.until(ready)
	large := []byte(`{"v":1,` + strings.Repeat(" ", 17<<20))
	feed.Answer(func(w http.ResponseWriter, name string) bool {
		if strings.HasPrefix(name, "10s/") {
			_, _ = w.Write(large)
			return true
		}
		return false
	})
	p.until(`glow.app.errors.some((e) => e.includes("too large"))`)
	feed.Answer(nil)
	p.badge("live")
	p.Unharmed()
}

// A store whose clock is a day wrong, either way, does not move the playhead.
func TestSkewedStore(t *testing.T) {
	t.Parallel()
	for _, skew := range []time.Duration{24 * time.Hour, -24 * time.Hour} {
		t.Run(skew.String(), func(t *testing.T) {
			t.Parallel()
			feed, clock := fastFeed(600, 3*time.Hour)
			feed.Answer(func(w http.ResponseWriter, _ string) bool {
				w.Header().Set("Date", clock().Add(skew).UTC().Format(http.TimeFormat))
				return false
			})
			p := open(t, site(t, feed).URL+"/?render=splat", hasten)
			p.until(ready + ` && glow.app.state === "live"`)
			wait(p, func() bool { // the feed's clock goes on while the page is asked
				at := time.UnixMilli(int64(eval[float64](p, `glow.app.at`)))
				return clock().Add(-20*time.Second).Sub(at).Abs() < time.Minute
			})
			if d := difference(p, feed.Feed); math.Abs(d) > 1.5 {
				t.Errorf("it is off by %.2f", d)
			}
			p.Unharmed()
		})
	}
}

// Where snapshots are missing there is a gap: no spark, no exception, the total
// from what is there, and no storm of requests.
func TestGap(t *testing.T) {
	t.Parallel()
	feed, clock := fastFeed(600, 3*time.Hour)
	from := clock().Add(-30 * time.Minute).Truncate(time.Minute)
	missing := []string{}
	for m := range 5 {
		missing = append(missing, "1m/"+from.Add(time.Duration(m)*time.Minute).UTC().Format("2006/01/02/15/04")+".json")
	}
	var mu sync.Mutex
	asked := map[string]int{}
	feed.Answer(func(w http.ResponseWriter, name string) bool {
		if !slices.Contains(missing, name) {
			return false
		}
		mu.Lock()
		asked[name]++
		mu.Unlock()
		http.Error(w, "AccessDenied", http.StatusForbidden)
		return true
	})
	p := open(t, site(t, feed).URL+"/?render=splat", hasten)
	p.until(ready)
	start := clock()
	p.until(fmt.Sprintf(`(glow.app.at !== %d && glow.app.seek(%[1]d), glow.app.player.paused = true)`, from.Add(150*time.Second).UnixMilli()))
	p.until(`glow.app.total()?.exact`)
	if d := difference(p, feed.Feed); math.Abs(d) > 60 { // the minute's beat is not known: 300 ± 12 of its 600 by chance
		t.Errorf("in the gap it is off by %.2f", d)
	}
	eval[any](p, `glow.app.player.play(5)`)
	p.until(fmt.Sprintf(`glow.app.at > %d && glow.app.numbers.counter.at("download", glow.app.at / 1000) !== null`, from.Add(6*time.Minute).UnixMilli()))
	if d := difference(p, feed.Feed); math.Abs(d) > 1.5 {
		t.Errorf("after the gap it is off by %.2f", d)
	}
	mu.Lock()
	defer mu.Unlock()
	for name, n := range asked {
		if most := int(clock().Sub(start)/(15*time.Second)) + 2; n > most {
			t.Errorf("%s was asked for %d times, want at most %d", name, n, most)
		}
	}
	p.Unharmed()
}

// A feed that was restored from a backup counts from where the backup was: what
// looks like a lagging cache is believed once it persists.
func TestRestoredFeed(t *testing.T) {
	t.Parallel()
	feed, _ := fastFeed(600, 3*time.Hour)
	p := open(t, site(t, feed).URL+"/?render=splat", hasten)
	p.until(ready)
	feed.Change(func(l map[string]any) { l["seq"] = 7 })
	p.until(`glow.app.latest.seq === 7`)
	p.badge("live")
	p.Unharmed()
}

// While the system reads its logs again the total stands, and is right after it.
func TestRecovering(t *testing.T) {
	t.Parallel()
	feed, clock := fastFeed(600, 3*time.Hour)
	p := open(t, site(t, feed).URL+"/?render=splat", hasten)
	p.until(ready)
	eval[any](p, watchTotal)
	stopped := clock().Add(20 * time.Second) // what is published then stays as it is
	feed.Change(func(l map[string]any) {
		if clock().Before(stopped) {
			return
		}
		last := feed.Feed.Latest(stopped)
		l["status"] = "recovering"
		for _, stands := range []string{"totals", "newest", "recent"} {
			l[stands] = last[stands]
		}
	})
	feed.Answer(func(w http.ResponseWriter, name string) bool {
		if name == "latest.json" || clock().Before(stopped) {
			return false
		}
		if data := feed.Feed.Object(name, stopped); data != nil {
			_, _ = w.Write(data)
		} else {
			http.Error(w, "AccessDenied", http.StatusForbidden)
		}
		return true
	})
	p.badge("recovering")
	total := `document.getElementById("total").textContent`
	last := feed.Feed.Count("download", float64(stopped.Unix()/10*10)) // whole ten seconds are published
	p.until(fmt.Sprintf(`glow.app.at > %d && glow.app.total().n === %.0f && %s === glow.language.number(%[2]f)`, stopped.Add(40*time.Second).UnixMilli(), last, total))
	before := eval[string](p, total)
	p.until(fmt.Sprintf(`glow.app.at > %d`, stopped.Add(80*time.Second).UnixMilli()))
	if after := eval[string](p, total); after != before {
		t.Errorf("the total went from %s to %s", before, after)
	}
	feed.Change(nil)
	feed.Answer(nil)
	p.badge("live")
	p.until(total + ` !== ` + text(before))
	if worst := eval[float64](p, `worst`); worst < 0 {
		t.Errorf("the total fell by %v", -worst)
	}
	p.Unharmed()
}
