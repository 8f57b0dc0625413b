package browser

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/glowmap/glow/page/feedtest"
)

// seen is the shown total and the playhead, once all that the feed has of the
// time before is here: a machine that is busy for a while misses minutes, which
// the page then gets. And once nothing holds the total back, which never falls:
// a page whose clock was ahead stands still for as long.
const seen = `(({ app } = glow, { archive, numbers } = app, at = app.at / 1000, minute = Math.floor(at / 60) * 60) => {
	const told = (m) => m < app.latest.first || archive.peek("1m", m) || Math.max(archive.asOf("1d", m), archive.asOf("1h", m)) >= m + 60;
	for (let m = minute - 60; m > minute - 1800; m -= 60) if (!told(m)) return null;
	const n = numbers.counter.at("download", at);
	return n !== null && app.total().n === Math.floor(n) ? [app.total().n, at] : null;
})()`

// difference is how far the shown total is from the oracle at the playhead.
func difference(p *tab, feed *feedtest.Feed) float64 {
	p.t.Helper()
	p.until(`globalThis.seen = ` + seen)
	v := eval[[]float64](p, `seen`)
	return v[0] - feed.Count("download", v[1])
}

// The total is the oracle's at any playhead: live, and wherever one jumps.
func TestTotalIsTheOracles(t *testing.T) {
	t.Parallel()
	feed, _ := fastFeed(300, 27*time.Hour)
	p := open(t, site(t, feed).URL+"/?render=splat", hasten)
	p.until(ready)
	for range 5 {
		if d := difference(p, feed.Feed); math.Abs(d) > 1.5 {
			t.Errorf("live: off by %.2f", d)
		}
		at := eval[float64](p, `glow.app.at`)
		p.until(fmt.Sprintf(`glow.app.at > %f`, at+5500))
	}
	for _, back := range []int{50, 70, 130, 600, 3599, 3601, 40000, 86400, 90000} {
		eval[any](p, fmt.Sprintf(`{ glow.app.seek(glow.app.present() - %d000); glow.app.player.paused = true }`, back))
		p.until(`glow.app.total()?.exact && glow.app.archive.peek("1m", glow.app.at / 1000)`)
		if d := difference(p, feed.Feed); math.Abs(d) > 1.5 {
			t.Errorf("%d s back: off by %.2f", back, d)
		}
	}
	p.Unharmed()
}

// watchTotal records the smallest step that the shown total makes.
const watchTotal = `{ globalThis.worst = 0; let last = 0; setInterval(() => { const n = Number(document.getElementById("total").textContent.replace(/\D/g, "")); if (last && n < last) worst = Math.min(worst, n - last); if (n) last = n }, 30) }`

// Late events correct the total upwards, and it never falls.
func TestLateEventsCorrectTheTotal(t *testing.T) {
	t.Parallel()
	feed, clock := fastFeed(600, 3*time.Hour)
	p := open(t, site(t, feed).URL+"/?render=splat", hasten)
	p.until(ready)
	eval[any](p, watchTotal)
	now := float64(clock().Unix())
	before := feed.Feed.Count("download", now)
	feed.Feed.AddLate(clock().Add(-50*time.Minute).Unix(), 5000)
	if after := feed.Feed.Count("download", now); after != before+5000 {
		t.Fatalf("the oracle went from %.0f to %.0f", before, after)
	}
	// The page does this every few minutes.
	again := `["1d", "1h"].map((period) => [0, 3600].map((s) => glow.app.archive.want(period, glow.app.at / 1000 - s, 1000)))`
	p.until(fmt.Sprintf(`(%s, glow.app.total().n > %f)`, again, feed.Feed.Count("download", float64(clock().Unix()-40))))
	if d := difference(p, feed.Feed); math.Abs(d) > 1.5 {
		t.Errorf("corrected: off by %.2f", d)
	}
	if worst := eval[float64](p, `worst`); worst < 0 {
		t.Errorf("the total fell by %v", -worst)
	}
	p.Unharmed()
}

// A page that draws nothing for minutes, as in a tab that nobody looks at, says
// no number afterwards before it has what it missed.
func TestBackFromElsewhere(t *testing.T) {
	t.Parallel()
	const k = 40
	feed, clock := feedBy(k, 600, 3*time.Hour)
	p := open(t, site(t, feed).URL+"/?render=splat", hastenBy(k))
	p.until(ready)
	eval[any](p, `{ glow.app.frame = () => {} }`)
	back := clock().Add(4 * time.Minute).Unix()
	p.until(fmt.Sprintf(`glow.app.latest.published > %d`, back))
	v := eval[[]float64](p, fmt.Sprintf(`new Promise((done) => {
		delete glow.app.frame;
		const look = () => {
			const at = glow.app.at / 1000, n = glow.app.numbers.counter.at("download", at);
			if (at < %d || n === null) setTimeout(look);
			else done([n, at]);
		};
		look();
	})`, back-60))
	if d := v[0] - feed.Feed.Count("download", v[1]); math.Abs(d) > 1.5 {
		t.Errorf("at first it is off by %.2f", d)
	}
	p.Unharmed()
}

// Midnight: the day is another, the total goes on.
func TestDayRollover(t *testing.T) {
	t.Parallel()
	clock := fast(times)
	midnight := clock().UTC().Truncate(24 * time.Hour)
	feed := feedtest.NewServer(feedtest.New(600, midnight.Add(-2*time.Hour)))
	before := func(midnight time.Time, d time.Duration) { // from now on
		from := clock()
		feed.Clock(func() time.Time { return midnight.Add(clock().Sub(from) - d) })
	}
	before(midnight, 10*time.Minute)
	p := open(t, site(t, feed).URL+"/?render=splat", hasten)
	p.until(ready)
	eval[any](p, watchTotal)
	before(midnight, 10*time.Second)
	eval[any](p, `glow.app.heartbeat.clock.reset()`)
	p.until(fmt.Sprintf(`glow.app.at > %d`, midnight.Add(15*time.Second).UnixMilli()))
	if d := difference(p, feed.Feed); math.Abs(d) > 1.5 {
		t.Errorf("after midnight: off by %.2f", d)
	}
	if worst := eval[float64](p, `worst`); worst < 0 {
		t.Errorf("the total fell by %v", -worst)
	}
	p.Unharmed()
}

// Before anything has happened the total is nought, exactly, and nothing is
// asked for that cannot be there.
func TestEmptyFeed(t *testing.T) {
	t.Parallel()
	feed, _ := fastFeed(0, time.Hour)
	feed.Change(func(l map[string]any) { l["first"] = nil })
	p := open(t, site(t, feed).URL+"/?render=splat", hasten)
	p.until(`document.getElementById("total").textContent === "0" && glow.app.total().exact`)
	n := len(feed.Requests())
	wait(p, func() bool { return len(feed.Requests()) > n+5 })
	for _, name := range feed.Requests() {
		if name != "latest.json" {
			t.Errorf("asked for %s", name)
		}
	}
	p.Unharmed()
}

// Names are never guessed: everything asked for exists.
func TestNothingIsGuessed(t *testing.T) {
	t.Parallel()
	feed, clock := fastFeed(2, 3*time.Hour) // many empty periods
	p := open(t, site(t, feed).URL+"/?render=splat", hasten)
	p.until(`glow.app.total()?.exact`)
	for _, back := range []int{65, 600, 4000, 9000} {
		eval[any](p, fmt.Sprintf(`glow.app.seek(glow.app.present() - %d000)`, back))
		p.until(`glow.app.total()?.exact`)
	}
	eval[any](p, `glow.timebar.speed(600)`)
	p.until(`glow.app.player.live`)
	for _, name := range feed.Requests() {
		if feed.Feed.Object(name, clock()) == nil {
			t.Errorf("asked for %s, which does not exist", name)
		}
	}
	p.Unharmed()
}
