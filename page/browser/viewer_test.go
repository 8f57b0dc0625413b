package browser

import (
	"fmt"
	"math"
	"testing"
	"time"
)

// A link to a frame brings anyone to it.
func TestLinkToAFrame(t *testing.T) {
	t.Parallel()
	feed := quietFeed()
	address := site(t, feed).URL
	at := begin.Add(-40 * time.Minute).Truncate(time.Second)
	hash := "/?render=splat#t=" + at.Format(time.RFC3339) + "&c=0.5,0.2,30,40,3&v=globe&n=BR&p=1"
	p := open(t, address+hash)
	p.until(fmt.Sprintf(`glow.app.at === %d && glow.app.state === "frozen" && glow.scene.camera.globe && glow.scene.camera.zoom === 3 && glow.world.codes[glow.scene.selected] === "BR"`, at.UnixMilli()))
	p.until(`glow.app.total()?.exact && glow.scene.sparks.count > 0`)
	if d := difference(p, feed.Feed); math.Abs(d) > 1.5 {
		t.Errorf("off by %.2f", d)
	}
	p.Unharmed()
}

// Every language has its texts, and those written from the right turn the page.
func TestLanguages(t *testing.T) {
	t.Parallel()
	address := site(t, quietFeed()).URL
	for tag, dir := range map[string]string{"de": "ltr", "ar": "rtl", "he": "rtl", "ja": "ltr", "nonsense%20": "ltr"} {
		t.Run(tag, func(t *testing.T) {
			t.Parallel()
			p := open(t, address+"/?render=splat&lang="+tag)
			p.until(ready)
			if got := eval[string](p, `document.documentElement.dir`); got != dir {
				t.Errorf("written %s", got)
			}
			if tag == "de" {
				p.until(`document.querySelector(".hero h2").textContent.includes("Downloads bisher")`)
			}
			if wide := eval[float64](p, `document.documentElement.scrollWidth - innerWidth`); wide > 0 {
				t.Errorf("the page is %v px too wide", wide)
			}
			p.Unharmed()
		})
	}
}
