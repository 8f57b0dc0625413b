package browser

import (
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/glowmap/glow/page/bundle"
	"github.com/glowmap/glow/page/feedtest"
)

// ready is true once sparks glow and the total is exact.
const ready = `glow.scene.sparks.count > 0 && glow.app.total()?.exact`

// The page comes up, glows, and asks nobody but its own origin for anything; it
// stays within its budgets of bytes and draw calls.
func TestFirstGlow(t *testing.T) {
	feed := feedtest.NewServer(feedtest.New(12000, time.Now().Add(-70*time.Minute)))
	server := site(t, feed)
	p := open(t, server.URL+"/?render=gl")
	p.until(ready)
	if away := p.elsewhere(server.URL); len(away) > 0 {
		t.Errorf("requests elsewhere: %v", away)
	}
	p.until(`glow.scene.stats().sparkDraws === 1`)
	stats := eval[map[string]float64](p, `glow.scene.stats()`)
	if stats["sparkDraws"] != 1 || stats["draws"] > 12 {
		t.Errorf("draw calls: %v", stats)
	}
	page := 0
	for _, f := range files {
		kind, _, _ := strings.Cut(f.Name, "-")
		lazy := slices.Contains([]string{"lang", "dialogs", "wall", "splat", "hands", "og.jpg"}, kind)
		if !lazy && f.Name != "glow-map.js" && f.Name != "settings.json" {
			page += zipped(f.Data)
			t.Logf("%-24s %6d gzipped", f.Name, zipped(f.Data))
		}
	}
	now := time.Now()
	first := zipped(feed.Feed.Object("latest.json", now))
	for _, name := range feed.Requests() {
		if strings.HasPrefix(name, "10s/") {
			first += zipped(feed.Feed.Object(name, now)) // the first one is enough to glow
			break
		}
	}
	t.Logf("page %d bytes, to first glow %d", page, page+first)
	if page > 30<<10 {
		t.Errorf("the page has %d bytes gzipped, want at most 30 KB", page)
	}
	if page+first > 45<<10 {
		t.Errorf("%d bytes to the first glow, want at most 45 KB", page+first)
	}
	p.unharmed()
}

// difference is how far the shown total is from the oracle at the playhead.
func difference(p *tab, feed *feedtest.Feed) float64 {
	p.t.Helper()
	v := eval[[]float64](p, `(() => { const t = glow.app.total(); return [t?.exact ? t.n : NaN, glow.app.at / 1000].map(x => Number.isNaN(x) ? -1 : x) })()`)
	return v[0] - feed.Count("download", v[1])
}

// The total is the oracle's at any playhead: live, and wherever one jumps.
func TestTotalIsTheOracles(t *testing.T) {
	feed := feedtest.NewServer(feedtest.New(900, time.Now().Add(-27*time.Hour)))
	p := open(t, site(t, feed).URL+"/?render=splat")
	p.until(ready)
	for range 5 {
		if d := difference(p, feed.Feed); math.Abs(d) > 1.5 {
			t.Errorf("live: off by %.2f", d)
		}
		at := eval[float64](p, `glow.app.at`)
		p.until(fmt.Sprintf(`glow.app.at > %f`, at+1100))
	}
	for _, back := range []int{50, 70, 130, 600, 3599, 3601, 40000, 86400, 90000} {
		eval[any](p, fmt.Sprintf(`{ glow.app.seek(glow.app.present() - %d000); glow.app.player.paused = true }`, back))
		p.until(`glow.app.total()?.exact && glow.app.archive.peek("1m", glow.app.at / 1000)`)
		if d := difference(p, feed.Feed); math.Abs(d) > 1.5 {
			t.Errorf("%d s back: off by %.2f", back, d)
		}
	}
	p.unharmed()
}

// watchTotal records the smallest step that the shown total makes.
const watchTotal = `{ globalThis.worst = 0; let last = 0; setInterval(() => { const n = Number(document.getElementById("total").textContent.replace(/\D/g, "")); if (last && n < last) worst = Math.min(worst, n - last); if (n) last = n }, 30) }`

// Late events correct the total upwards, and it never falls.
func TestLateEventsCorrectTheTotal(t *testing.T) {
	feed := feedtest.NewServer(feedtest.New(600, time.Now().Add(-3*time.Hour)))
	p := open(t, site(t, feed).URL+"/?render=splat")
	p.until(ready)
	eval[any](p, watchTotal)
	before := difference(p, feed.Feed)
	feed.Feed.AddLate(time.Now().Add(-50*time.Minute).Unix(), 5000)
	if d := difference(p, feed.Feed); d > before-4000 {
		t.Fatalf("the oracle did not move: %.0f", d)
	}
	// The page does this every few minutes.
	again := `["1d", "1h"].map((period) => [0, 3600].map((s) => glow.app.archive.want(period, glow.app.at / 1000 - s, 1000)))`
	p.until(fmt.Sprintf(`(%s, glow.app.total().n > %f)`, again, feed.Feed.Count("download", float64(time.Now().Unix()-40))))
	if d := difference(p, feed.Feed); math.Abs(d) > 1.5 {
		t.Errorf("corrected: off by %.2f", d)
	}
	if worst := eval[float64](p, `worst`); worst < 0 {
		t.Errorf("the total fell by %v", -worst)
	}
	p.unharmed()
}

// What is wrong with the feed is said, nothing breaks, and it recovers by itself.
func TestBrokenFeeds(t *testing.T) {
	feed := quietFeed()
	p := open(t, site(t, feed).URL+"/?render=splat")
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
	wait(p, func() bool { return next.Load() >= 3 })
	feed.Answer(nil)
	p.until(`glow.app.state === "live" && glow.app.heartbeat.silence() < 20`)
	if worst := eval[float64](p, `worst`); worst < 0 {
		t.Errorf("the total fell by %v", -worst)
	}
	p.unharmed()
}

func wait(p *tab, is func() bool) {
	p.t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(90 * time.Second); !is(); <-tick.C {
		if time.Now().After(deadline) {
			p.t.Fatal("waited in vain")
		}
	}
}

// The badge says what the feed says about itself, and what its silence says.
func TestBadge(t *testing.T) {
	feed := quietFeed()
	p := open(t, site(t, feed).URL+"/?render=splat")
	p.until(ready)
	badge := func(state string) {
		t.Helper()
		p.until(fmt.Sprintf(`document.getElementById("state").dataset.state === %q`, state))
	}
	badge("live")
	for _, status := range []string{"recovering", "paused", "ended", "live"} {
		feed.Change(func(l map[string]any) { l["status"], l["message"] = status, "word of "+status })
		badge(status)
		p.until(fmt.Sprintf(`document.getElementById("message").textContent === "word of %s"`, status))
	}
	stopped := time.Now()
	feed.Change(func(l map[string]any) {
		l["published"], l["seq"], l["recent"] = stopped.UTC().Format(time.RFC3339), 1<<40, []string{}
	})
	feed.Clock(func() time.Time { return time.Now().Add(45 * time.Second) })
	badge("late")
	feed.Clock(func() time.Time { return time.Now().Add(50 * time.Second) })
	eval[any](p, `glow.app.heartbeat.clock.reset()`)
	badge("late")
	if at := eval[float64](p, `glow.app.at`); at > float64(stopped.UnixMilli())+1 {
		t.Errorf("the playhead is beyond what is published")
	}
	feed.Clock(func() time.Time { return time.Now().Add(10 * time.Minute) })
	eval[any](p, `glow.app.heartbeat.clock.reset()`)
	badge("stopped")
	if n := eval[int](p, `Number(document.getElementById("chart-gap").getAttribute("width"))|0`); n == 0 {
		t.Error("the silence is not hatched")
	}
	feed.Change(nil)
	badge("live")
	p.unharmed()
}

// A feed whose sequence runs backwards, as from a cache that lags, is ignored;
// and another feed at the same place is taken as what it is.
func TestBackwardsAndOtherFeeds(t *testing.T) {
	feed := quietFeed()
	p := open(t, site(t, feed).URL+"/?render=splat")
	p.until(ready)
	seq := eval[float64](p, `glow.app.latest.seq`)
	old := time.Now().Add(-time.Minute)
	n := len(feed.Requests())
	flip := 0
	feed.Change(func(l map[string]any) {
		if flip++; flip%2 == 0 {
			l["seq"], l["published"] = old.Unix(), old.UTC().Format(time.RFC3339)
		}
	})
	wait(p, func() bool { return len(feed.Requests()) > n+4 })
	if now := eval[float64](p, `glow.app.latest.seq`); now < seq {
		t.Errorf("an older heartbeat was taken: %v after %v", now, seq)
	}
	feed.Change(func(l map[string]any) { l["feed"], l["seq"] = "other", 1 })
	p.until(`glow.app.latest.feed === "other" && glow.app.total()?.exact`)
	p.unharmed()
}

// Two viewers whose own clocks are two days apart see the same moment.
func TestTwoClocks(t *testing.T) {
	feed := quietFeed()
	address := site(t, feed).URL + "/?render=splat"
	shift := func(ms int) string {
		return fmt.Sprintf(`{ const real = Date.now; Date.now = () => real() + %d }`, ms)
	}
	early, late := open(t, address, shift(-86400000)), open(t, address, shift(86400000))
	for _, p := range []*tab{early, late} {
		p.until(ready + ` && glow.app.heartbeat.clock.uncertainty < 100`)
	}
	best := math.Inf(1)
	for range 30 {
		before := time.Now()
		a := eval[float64](early, `glow.app.present()`)
		middle := time.Now()
		b := eval[float64](late, `glow.app.present()`)
		after := time.Now()
		// Each answer was given between two of the three moments.
		apart := b - a - float64(after.Sub(before).Microseconds())/2000
		best = min(best, math.Abs(apart)-float64(max(middle.Sub(before), after.Sub(middle)).Microseconds())/2000)
	}
	if best > 100 {
		t.Errorf("playheads are %.0f ms apart", best)
	}
	early.unharmed()
	late.unharmed()
}

// Midnight: the day is another, the total goes on.
func TestDayRollover(t *testing.T) {
	start := time.Now()
	midnight := start.UTC().Truncate(24 * time.Hour)
	feed := feedtest.NewServer(feedtest.New(600, midnight.Add(-2*time.Hour)))
	feed.Clock(func() time.Time { return midnight.Add(12 * time.Second).Add(time.Since(start)) })
	p := open(t, site(t, feed).URL+"/?render=splat")
	p.until(ready)
	eval[any](p, watchTotal)
	if at := eval[float64](p, `glow.app.at`); at >= float64(midnight.UnixMilli()) {
		t.Fatalf("the test came too late: %v", at)
	}
	p.until(fmt.Sprintf(`glow.app.at > %d`, midnight.Add(6*time.Second).UnixMilli()))
	p.until(`glow.app.total().exact`)
	if d := difference(p, feed.Feed); math.Abs(d) > 1.5 {
		t.Errorf("after midnight: off by %.2f", d)
	}
	if worst := eval[float64](p, `worst`); worst < 0 {
		t.Errorf("the total fell by %v", -worst)
	}
	p.unharmed()
}

// Names are never guessed: everything asked for exists.
func TestNothingIsGuessed(t *testing.T) {
	feed := feedtest.NewServer(feedtest.New(2, time.Now().Add(-3*time.Hour))) // many empty periods
	p := open(t, site(t, feed).URL+"/?render=splat")
	p.until(`glow.app.total()?.exact`)
	for _, back := range []int{65, 600, 4000, 9000} {
		eval[any](p, fmt.Sprintf(`glow.app.seek(glow.app.present() - %d000)`, back))
		p.until(`glow.app.total()?.exact`)
	}
	eval[any](p, `glow.timebar.speed(600)`)
	p.until(`glow.app.player.live`)
	for _, name := range feed.Requests() {
		if feed.Feed.Object(name, time.Now()) == nil {
			t.Errorf("asked for %s, which does not exist", name)
		}
	}
	p.unharmed()
}

// Everything can be done by keyboard alone.
func TestKeyboardOnly(t *testing.T) {
	feed := quietFeed()
	p := open(t, site(t, feed).URL+"/?render=splat")
	p.until(ready)
	press := func(keys string) { do(p, chromedp.KeyEvent(keys)) }
	press(" ")
	p.until(`glow.app.state === "frozen"`)
	at := eval[float64](p, `glow.app.at`)
	press(kb.ArrowLeft)
	p.until(fmt.Sprintf(`Math.abs(glow.app.at - %f + 10000) < 50`, at))
	press(" ")
	p.until(`glow.app.state === "replay"`)
	press("l")
	p.until(`glow.app.state === "live"`)
	press("g")
	p.until(`glow.scene.camera.morph > .99`)
	press("m")
	p.until(`glow.scene.camera.morph < .01`)
	press(">")
	p.until(`glow.app.speed === 10 && glow.app.state === "replay"`)
	press("l")
	press("w")
	p.until(`document.body.classList.contains("wall")`)
	press(kb.Escape)
	p.until(`!document.body.classList.contains("wall")`)
	for key, title := range map[string]string{"?": "What the numbers mean", "j": "Jump to a moment", "s": "Share"} {
		press(key)
		p.until(fmt.Sprintf(`document.querySelector("dialog[open] h2")?.textContent === %q`, title))
		press(kb.Escape)
		p.until(`!document.querySelector("dialog")`)
	}
	// By Tab to the ranking's first country, which Enter chooses.
	for range 60 {
		press(kb.Tab)
		if eval[bool](p, `!!document.activeElement.closest("#rank")`) {
			break
		}
	}
	press(kb.Enter)
	p.until(`glow.ranks.selected.length === 2 && glow.scene.selected >= 0 && !document.getElementById("tip").hidden`)
	p.unharmed()
}

// A link to a frame brings anyone to it.
func TestLinkToAFrame(t *testing.T) {
	feed := quietFeed()
	address := site(t, feed).URL
	at := time.Now().Add(-40 * time.Minute).UTC().Truncate(time.Second)
	hash := "/?render=splat#t=" + at.Format(time.RFC3339) + "&c=0.5,0.2,30,40,3&v=globe&p=1"
	p := open(t, address+hash)
	p.until(fmt.Sprintf(`glow.app.at === %d && glow.app.state === "frozen" && glow.scene.camera.globe && glow.scene.camera.zoom === 3`, at.UnixMilli()))
	p.until(`glow.app.total()?.exact && glow.scene.sparks.count > 0`)
	if d := difference(p, feed.Feed); math.Abs(d) > 1.5 {
		t.Errorf("off by %.2f", d)
	}
	p.unharmed()
}

// A lost context is made again from what the page holds.
func TestContextLoss(t *testing.T) {
	p := open(t, site(t, quietFeed()).URL+"/?render=gl")
	p.until(ready)
	eval[any](p, `{ const e = glow.scene.canvas.getContext("webgl2").getExtension("WEBGL_lose_context"); e.loseContext(); setTimeout(() => e.restoreContext(), 300) }`)
	p.until(`glow.scene.canvas.getContext("webgl2").isContextLost()`)
	p.until(`!glow.scene.canvas.getContext("webgl2").isContextLost() && glow.scene.stats().draws > 3`)
	p.unharmed()
}

// Every language has its texts, and those written from the right turn the page.
func TestLanguages(t *testing.T) {
	address := site(t, quietFeed()).URL
	for tag, dir := range map[string]string{"de": "ltr", "ar": "rtl", "he": "rtl", "ja": "ltr", "nonsense%20": "ltr"} {
		p := open(t, address+"/?render=splat&lang="+tag)
		p.until(ready)
		if got := eval[string](p, `document.documentElement.dir`); got != dir {
			t.Errorf("%s: written %s", tag, got)
		}
		if tag == "de" {
			p.until(`document.querySelector(".hero h2").textContent.includes("Downloads bisher")`)
		}
		if wide := eval[float64](p, `document.documentElement.scrollWidth - innerWidth`); wide > 0 {
			t.Errorf("%s: the page is %v px too wide", tag, wide)
		}
		p.unharmed()
	}
}

// The variant in one file works alone, dialogs, language and all, under its own
// policy.
func TestSingleFile(t *testing.T) {
	single, err := bundle.Build(bundle.Options{Settings: bundle.Defaults(), Single: true})
	if err != nil {
		t.Fatal(err)
	}
	server := serve(t, single, quietFeed())
	p := open(t, server.URL+"/?render=splat&lang=fr")
	p.until(ready)
	do(p, chromedp.KeyEvent("?"))
	p.until(`document.querySelector("dialog[open] h2")?.textContent === "Ce que disent les chiffres"`)
	for _, r := range p.elsewhere(server.URL + "/feed") {
		if r != server.URL+"/?render=splat&lang=fr" {
			t.Errorf("it asked for %s", r)
		}
	}
	p.unharmed()
}

// Any page may show the map by a script and an element.
func TestElement(t *testing.T) {
	server := site(t, quietFeed())
	host := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `<!doctype html><title>host</title><script src="%s/glow-map.js"></script><glow-map view="globe" lang="de" render="splat"></glow-map>`, server.URL)
	}))
	defer host.Close()
	p := open(t, host.URL)
	want := server.URL + "/?embed=1&view=globe&lang=de&render=splat"
	if got := eval[string](p, `document.querySelector("glow-map iframe").src`); got != want {
		t.Errorf("it shows %s, want %s", got, want)
	}
	inner := open(t, want)
	inner.until(ready + ` && document.body.classList.contains("embed") && glow.scene.camera.globe`)
	inner.unharmed()
}

// Viewers who want less motion get a map without sparks whose embers fade over.
func TestCalm(t *testing.T) {
	p := open(t, site(t, quietFeed()).URL+"/?render=gl&calm")
	p.until(`glow.app.total()?.exact && glow.scene.stats().embers > 0 && glow.scene.stats().draws > 3`)
	if n := eval[int](p, `glow.scene.stats().sparkDraws`); n != 0 {
		t.Error("sparks are drawn")
	}
	p.unharmed()
}

// A share is told to sharehook and opens the network's page; a picture is saved.
func TestSharing(t *testing.T) {
	settings := bundle.Defaults()
	if err := settings.Merge([]byte(`{"sharehook": "feed/v1/share"}`)); err != nil {
		t.Fatal(err)
	}
	built, err := bundle.Build(bundle.Options{Settings: settings})
	if err != nil {
		t.Fatal(err)
	}
	feed, posted := quietFeed(), make(chan string, 1)
	server := serve(t, built, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			posted <- r.FormValue("type")
			w.WriteHeader(http.StatusNoContent)
			return
		}
		feed.ServeHTTP(w, r)
	}))
	p := open(t, server.URL+"/?render=gl")
	p.until(ready)
	eval[any](p, `{ window.open = (url) => { globalThis.opened = url }; HTMLAnchorElement.prototype.click = function () { globalThis.saved = [this.download, this.href] } }`)
	do(p, chromedp.KeyEvent("s"))
	p.until(`document.querySelector("dialog[open]")`)
	click := func(text string) {
		t.Helper()
		eval[any](p, fmt.Sprintf(`[...document.querySelectorAll("dialog button")].find((b) => b.textContent === %q).dispatchEvent(new MouseEvent("click"))`, text))
	}
	click("Twitter")
	if typ := <-posted; typ != "twitter" {
		t.Errorf("sharehook was told %q", typ)
	}
	p.until(`globalThis.opened?.startsWith("https://twitter.com/intent/tweet?text=Glow&url=http%3A")`)
	click("Save picture")
	p.until(`globalThis.saved`)
	got := eval[[]float64](p, `new Promise((done) => {
		const i = new Image();
		i.onerror = () => done([]);
		i.onload = () => {
			const c = new OffscreenCanvas(i.width, i.height).getContext("2d");
			c.drawImage(i, 0, 0);
			const bright = c.getImageData(0, 0, i.width, i.height / 2).data.filter((v, k) => k % 4 < 3 && v > 120).length;
			done([i.width, i.height, bright]);
		};
		i.src = saved[1];
	})`)
	if len(got) != 3 || got[0] != 1280 || got[1] != 720 || got[2] < 500 {
		t.Errorf("the picture is %v: width, height, bright points of its upper half", got)
	}
	p.unharmed()
}

// Before anything has happened the total is nought, exactly, and nothing is
// asked for that cannot be there.
func TestEmptyFeed(t *testing.T) {
	feed := feedtest.NewServer(feedtest.New(0, time.Now().Add(-time.Hour)))
	feed.Change(func(l map[string]any) { l["first"] = nil })
	p := open(t, site(t, feed).URL+"/?render=splat")
	p.until(`document.getElementById("total").textContent === "0" && glow.app.total().exact`)
	n := len(feed.Requests())
	wait(p, func() bool { return len(feed.Requests()) > n+2 })
	for _, name := range feed.Requests() {
		if name != "latest.json" {
			t.Errorf("asked for %s", name)
		}
	}
	p.unharmed()
}
