package browser

import (
	"fmt"
	"maps"
	"math"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/glowmap/glow/page/feedtest"
)

// What is wrong with the feed is said, nothing breaks, and it recovers by itself.
func TestBrokenFeeds(t *testing.T) {
	t.Parallel()
	feed, _ := fastFeed(600, 3*time.Hour)
	p := open(t, site(t, feed).URL+"/?render=splat", hasten)
	p.until(ready + ` && glow.app.state === "live"`)
	eval[any](p, watchTotal)
	status := func(code int) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) { http.Error(w, "no", code) }
	}
	say := func(body string) func(http.ResponseWriter) {
		return func(w http.ResponseWriter) { fmt.Fprint(w, body) }
	}
	answers := []func(http.ResponseWriter){
		status(403), status(404), status(500), say(""), say(`{"v":1,"feed":"f00d","seq":17`), say("<html><script>alert(1)</script>"),
		say(`{"v":1,"seq":-1,"published":{},"__proto__":{"x":1}}`), say("null"), say(strings.Repeat("[", 100000)),
		func(w http.ResponseWriter) { panic(http.ErrAbortHandler) },
	}
	var next atomic.Int32
	feed.Answer(func(w http.ResponseWriter, name string) bool {
		if name != "latest.json" { // heartbeats stay, so that the page goes on asking
			answers[int(next.Add(1))%len(answers)](w)
			return true
		}
		return false
	})
	wait(p, func() bool { return int(next.Load()) >= len(answers) })
	feed.Answer(nil)
	p.until(`glow.app.state === "live" && glow.app.total().exact`)
	next.Store(0)
	feed.Answer(func(w http.ResponseWriter, name string) bool {
		answers[int(next.Add(1))*3%len(answers)](w)
		return true
	})
	wait(p, func() bool { return next.Load() >= 5 })
	feed.Answer(nil)
	p.until(`glow.app.state === "live" && glow.app.heartbeat.silence() < 20`)
	if worst := eval[float64](p, `worst`); worst < 0 {
		t.Errorf("the total fell by %v", -worst)
	}
	p.Unharmed()
}

func wait(p *tab, is func() bool) {
	p.t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience / 2); !is(); <-tick.C {
		if time.Now().After(deadline) {
			p.t.Fatal("waited in vain")
		}
	}
}

// The badge says what the feed says about itself, and what its silence says.
func TestBadge(t *testing.T) {
	t.Parallel()
	feed, _ := fastFeed(600, 3*time.Hour)
	p := open(t, site(t, feed).URL+"/?render=splat", hasten)
	p.until(ready)
	p.badge("live")
	for _, status := range []string{"recovering", "paused", "ended", "live"} {
		feed.Change(func(l map[string]any) { l["status"], l["message"] = status, "word of "+status })
		p.badge(status)
		p.until(fmt.Sprintf(`document.getElementById("message").textContent === "word of %s"`, status))
	}
	p.badges()
	silence(feed)
	p.passed("late")
	p.badge("stopped")
	if beyond := eval[float64](p, `glow.app.at - glow.app.latest.published * 1000`); beyond > 1 {
		t.Errorf("the playhead is %.0f ms beyond what is published", beyond)
	}
	if filter := eval[string](p, `getComputedStyle(glow.scene.canvas).filter`); filter == "none" {
		t.Error("what stands still looks as if it were alive")
	}
	p.until(`document.getElementById("chart-gap").getAttribute("d")`) // the silence is hatched
	feed.Change(nil)
	p.badge("live")
	p.Unharmed()
}

// badge waits until the badge says so.
func (p *tab) badge(state string) {
	p.t.Helper()
	p.until(fmt.Sprintf(`document.getElementById("state").dataset.state === %q`, state))
}

// badges notes what the badge says from now on, for what it does not say for long.
func (p *tab) badges() {
	p.t.Helper()
	eval[any](p, `{ const e = document.getElementById("state"); globalThis.badges = [];
		new MutationObserver(() => badges.push(e.dataset.state)).observe(e, { attributeFilter: ["data-state"] }) }`)
}

// passed waits until the badge has said so since.
func (p *tab) passed(state string) {
	p.t.Helper()
	p.until(fmt.Sprintf(`badges.includes(%q)`, state))
}

// silence lets a feed's publisher do nothing from the next heartbeat on.
func silence(feed *feedtest.Server) {
	var last map[string]any
	feed.Change(func(l map[string]any) {
		if last == nil {
			last = maps.Clone(l)
		}
		maps.Copy(l, last)
	})
}

// A feed whose sequence runs backwards, as from a cache that lags, is ignored;
// and another feed at the same place is taken as what it is.
func TestBackwardsAndOtherFeeds(t *testing.T) {
	t.Parallel()
	feed, clock := fastFeed(600, 3*time.Hour)
	p := open(t, site(t, feed).URL+"/?render=splat", hasten)
	p.until(ready)
	seq := eval[float64](p, `glow.app.latest.seq`)
	old := clock().Add(-time.Minute)
	n := len(feed.Requests())
	flip := 0
	feed.Change(func(l map[string]any) {
		if flip++; flip%2 == 0 {
			l["seq"], l["published"] = old.Unix(), old.UTC().Format(time.RFC3339)
		}
	})
	wait(p, func() bool { return len(feed.Requests()) > n+9 })
	if now := eval[float64](p, `glow.app.latest.seq`); now < seq {
		t.Errorf("an older heartbeat was taken: %v after %v", now, seq)
	}
	feed.Change(func(l map[string]any) { l["feed"], l["seq"] = "other", 1 })
	p.until(`glow.app.latest.feed === "other" && glow.app.total()?.exact`)
	p.Unharmed()
}

// narrow polls whenever the clock would learn most, until it knows the server's
// time within a twentieth of a second; by itself it takes a quarter of a minute.
const narrow = `(async ({ heartbeat } = glow.app) => {
	while (heartbeat.clock.uncertainty > 100) {
		const now = performance.now();
		await new Promise((done) => setTimeout(done, heartbeat.clock.next(now, 0) - now));
		await heartbeat.start();
	}
})()`

// present is the moment that live shows, by the server's clock; 0 while the page
// waits for a heartbeat that is late.
const present = `(({ app } = glow, now = app.present()) => (now >= app.heartbeat.now() - app.latest.delay * 1000 - 1 ? now : 0))()`

// Two viewers whose own clocks are two days apart see the same moment. What is
// measured in milliseconds has the browser for itself.
func TestTwoClocks(t *testing.T) {
	feed := quietFeed()
	address := site(t, feed).URL + "/?render=splat"
	shift := func(ms int) string {
		return fmt.Sprintf(`{ const real = Date.now; Date.now = () => real() + %d }`, ms)
	}
	early, late := open(t, address, shift(-86400000)), open(t, address, shift(86400000))
	for _, p := range []*tab{early, late} {
		p.until(ready)
		eval[any](p, narrow)
	}
	// Each answer is given some time between two of three moments, so what is
	// closest in time tells most of how far apart they are.
	apart, took := 0., time.Hour
	for range 60 {
		before := time.Now()
		a, b := eval[float64](early, present), eval[float64](late, present)
		if passed := time.Since(before); passed < took && a > 0 && b > 0 {
			took = passed
			apart = math.Abs(b - a - float64(took.Microseconds())/2000)
		}
	}
	if unsure := float64(took.Microseconds()) / 2000; took == time.Hour || apart > 100+unsure {
		t.Errorf("playheads are %.0f ± %.0f ms apart", apart, unsure)
	}
	early.Unharmed()
	late.Unharmed()
}
