package browser

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"
)

const drawn = `document.body.dataset.ready === "" && document.querySelector("#ask-figure canvas[data-drawn]")`

// Pictures saves screenshots for people, if they say where.
func TestPictures(t *testing.T) {
	dir := os.Getenv("GLOW_PICTURES")
	if dir == "" {
		return // for people only: the other tests look at what is drawn
	}
	s, _ := querier(t)
	address := cmp.Or(os.Getenv("GLOW_SITE"), s.URL) // that of a real one
	for _, page := range []string{"dashboard#key=download&key=share%3Afacebook&range=all&chart=lines", "dashboard#key=download&range=all&by=country&chart=map", "dashboard#key=download&range=7d&by=country&chart=lines", ""} {
		for _, size := range [][2]int64{{390, 844}, {1440, 900}, {3840, 2160}} {
			p := open(t, "about:blank")
			p.Size(size[0], size[1], 1)
			p.open(address + "/" + page)
			p.until(`document.body.dataset.ready === ""`)
			if page != "" {
				p.until(drawn)
			}
			high := min(eval[int64](p, `document.documentElement.scrollHeight`), size[1]*4)
			p.Size(size[0], high, 1)
			p.until(`[...document.querySelectorAll(".chart")].every((e) => e.ariaBusy !== "true")`)
			eval[any](p, `new Promise((done) => setTimeout(done, 900))`)
			png, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
			if err != nil {
				t.Fatal(err)
			}
			name := fmt.Sprintf("%.26s-%d.png", short(page), size[0])
			if err := os.WriteFile(filepath.Join(dir, name), png, 0o644); err != nil {
				t.Fatal(err)
			}
			p.unharmed(address)
		}
	}
}

func short(page string) string {
	out := []rune{}
	for _, r := range "p" + page {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			out = append(out, r)
		}
	}
	if len(out) > 26 {
		out = append(out[:6], out[len(out)-18:]...)
	}
	return string(out)
}
