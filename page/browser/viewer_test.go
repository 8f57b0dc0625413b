package browser

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

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
