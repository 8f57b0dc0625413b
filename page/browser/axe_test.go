package browser

import (
	"maps"
	"os"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/glowmap/glow/page/feedtest"
)

// audit runs axe-core over the page as it stands and tells what it finds: WCAG
// 2.2 A and AA, and what axe calls best practice.
const audit = `axe.run(document, {
	resultTypes: ["violations"],
	runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}).then((r) => r.violations.flatMap((v) => v.nodes.map((n) => v.id + ": " + n.target.join(" ") + ": " + n.failureSummary.replaceAll("\n", " "))))`

// scene is a state of the page: what brings it about, and what ends it.
type scene struct {
	name       string
	begin, end func(p *tab, feed *feedtest.Server, clock func() time.Time)
}

// press makes a step of a scene out of keys and what they lead to.
func press(keys, until string) func(*tab, *feedtest.Server, func() time.Time) {
	return func(p *tab, _ *feedtest.Server, _ func() time.Time) {
		p.t.Helper()
		p.press(keys)
		p.until(until)
	}
}

// press presses keys, one after the other.
func (p *tab) press(keys string) {
	p.t.Helper()
	do(p, chromedp.KeyEvent(keys))
}

// feels makes a step of a scene out of what the feed says, and what the page
// then says.
func feels(status, state string) func(*tab, *feedtest.Server, func() time.Time) {
	return func(p *tab, feed *feedtest.Server, _ func() time.Time) {
		p.t.Helper()
		feed.Change(func(l map[string]any) { l["status"], l["message"] = status, "A word from the editors." })
		p.badge(state)
	}
}

func falls(p *tab, feed *feedtest.Server, clock func() time.Time) {
	last := feed.Feed.Latest(clock().Add(-10 * time.Minute))
	delete(last, "seq")
	feed.Change(func(l map[string]any) { maps.Copy(l, last) })
	p.badge("stopped")
}

func replays(p *tab, _ *feedtest.Server, _ func() time.Time) {
	eval[any](p, `glow.timebar.seek(glow.app.at - 72e5)`) // far from the present, which ends a replay
	p.press(">")
	p.until(`glow.app.state === "replay"`)
}

const (
	dialogOpen = `document.querySelector("dialog[open] h2")`
	dialogGone = `!document.querySelector("dialog")`
)

var scenes = []scene{
	{"live", press("m", `glow.app.state === "live"`), press("g", `glow.scene.camera.globe`)},
	{"globe", press("l", `glow.app.state === "live"`), press("m", `!glow.scene.camera.globe`)},
	{"replay", replays, press("l", `glow.app.state === "live"`)},
	{"paused", press(" ", `glow.app.state === "frozen"`), press("l", `glow.app.state === "live"`)},
	{"about", press("?", dialogOpen), press(kb.Escape, dialogGone)},
	{"sharing", press("s", dialogOpen), press(kb.Escape, dialogGone)},
	{"jump", press("j", dialogOpen), press(kb.Escape, dialogGone)},
	{"wall", press("w", `document.body.classList.contains("wall")`), press(kb.Escape, `!document.body.classList.contains("wall")`)},
	{"stopped", falls, feels("live", "live")},
	{"ended", feels("ended", "ended"), feels("live", "live")},
}

// axe-core finds nothing to object to, whatever the page shows, how wide it is
// and from which side it is read.
func TestAxe(t *testing.T) {
	t.Parallel()
	axe, err := os.ReadFile("testdata/axe-core/axe.min.js")
	if err != nil {
		t.Fatal(err)
	}
	for _, lang := range []string{"en", "ar"} {
		t.Run(lang, func(t *testing.T) {
			t.Parallel()
			feed, clock := fastFeed(600, 3*time.Hour)
			p := open(t, site(t, feed).URL+"/?render=splat&lang="+lang, hasten)
			p.until(ready)
			eval[any](p, string(axe)+";null")
			eval[any](p, `glow.scene.render = () => {}`) // axe does not look at the map
			for _, s := range scenes {
				s.begin(p, feed, clock)
				p.audit(s.name)
				s.end(p, feed, clock)
			}
			p.Unharmed()
		})
	}
}

// audit lets axe-core look at the page as it stands, at three widths.
func (p *tab) audit(state string) {
	p.t.Helper()
	for _, size := range [][2]int64{{320, 568}, {1366, 768}, {3840, 2160}} {
		p.Size(size[0], size[1], coarse)
		for _, v := range eval[[]string](p, audit) {
			p.t.Errorf("%s, %d px: %s", state, size[0], v)
		}
	}
}
