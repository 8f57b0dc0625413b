package browser

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// picture is what the window shows.
type picture struct {
	image.Image
	ratio float64 // points per CSS pixel
}

// shoot takes a picture of the window.
func (p *tab) shoot() picture {
	p.t.Helper()
	data, err := chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		p.t.Fatal(err)
	}
	i, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		p.t.Fatal(err)
	}
	return picture{i, float64(i.Bounds().Dx()) / eval[float64](p, `innerWidth`)}
}

// colours are the means of light (0…255) and of warmth, which is how much more
// red than blue there is, in a part of a picture; and which share of it glows.
func (p picture) colours(part image.Rectangle) (light, warmth, glows float64) {
	part = part.Intersect(p.Bounds())
	for y := part.Min.Y; y < part.Max.Y; y++ {
		for x := part.Min.X; x < part.Max.X; x++ {
			r, g, b, _ := p.At(x, y).RGBA()
			light += float64(max(r, g, b)) / 257
			if r > b {
				warmth += float64(r-b) / 257
			}
			if r > b+0x2000 {
				glows++
			}
		}
	}
	n := max(1, float64(part.Dx()*part.Dy()))
	return light / n, warmth / n, glows / n
}

// around is the part of a picture within so many CSS pixels of a point.
func (p picture) around(x, y, reach float64) image.Rectangle {
	at := func(v float64) int { return int(v * p.ratio) }
	return image.Rect(at(x-reach), at(y-reach), at(x+reach)+1, at(y+reach)+1)
}

// amber is which share of the window glows.
func (p *tab) amber() float64 {
	p.t.Helper()
	shown := p.shoot()
	_, _, glows := shown.colours(shown.Bounds())
	return glows
}

// lit and dark are where downloads of the made-up feed come from, and where none
// do: on the sea, and on land.
var (
	lit  = [][2]float64{{51.5, -.1}, {-23.5, -46.6}, {55.8, 37.6}, {35.7, 139.7}, {40.7, -74}, {-6.2, 106.8}, {52.5, 13.4}, {28.6, 77.2}}
	dark = [][2]float64{{20, -38}, {-20, 75}, {-5, -120}, {-32, 100}, {72, -40}, {22, 8}, {63, 120}, {-24, 132}}
)

// frozen is the part of an address that names a frame, which looks the same
// whenever it is seen, as soon as its light is developed.
const frozen = "#t=2026-03-24T13:31:42.500Z&p=1"

// developed is true when embers have faded in, and ten frames more do not change
// the exposure.
const developed = `((s, [frames, exposure] = globalThis.exposed ?? [1e9, 0]) => {
	if (frames + 10 <= glow.frames || frames === 1e9) globalThis.exposed = [glow.frames, s.exposure];
	return s.sparkDraws !== 0 && s.embers > 0 && s.mixed === 1 && frames + 10 <= glow.frames && Math.abs(s.exposure - exposure) < .002;
})(glow.scene.stats())`

// On every screen, from both sides, by both renderers: it glows where downloads
// are and nowhere else, the map lies clear of the numbers, and these are seen.
func TestPictures(t *testing.T) {
	t.Parallel()
	feed, _ := feedBy(1, 6000, 3*time.Hour)
	address := site(t, feed).URL
	for _, c := range []struct {
		name          string
		width, height int64
		scale         float64
		query         string
	}{
		{"phone", 390, 844, 1, "render=gl"},
		{"laptop", 1366, 768, .4, "render=gl"},
		{"4K", 3840, 2160, .15, "render=gl"},
		{"phone, from the right", 390, 844, 1, "render=gl&lang=ar"},
		{"laptop, from the right", 1366, 768, .5, "render=splat&lang=he"},
		{"phone without a GPU", 390, 844, 1, "render=splat"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := openAt(t, c.width, c.height, c.scale, address+"/?"+c.query+frozen)
			p.until(ready + ` && document.querySelectorAll("#rank button").length > 3 && ` + developed)
			eval[any](p, unitScript(t))
			p.looks()
			p.fits(c.name, [][2]int64{{c.width, c.height}})
			p.Unharmed()
		})
	}
}

// looks judges the picture by numbers.
func (p *tab) looks() {
	p.t.Helper()
	shown := p.shoot()
	light, _, glows := shown.colours(shown.Bounds())
	if light > 60 || glows < .001 || glows > .2 {
		p.t.Errorf("its light is %.1f of 255, and %.2f %% of it glow", light, 100*glows)
	}
	reach := eval[float64](p, `Math.max(2, glow.scene.camera.view(1).scale * .03)`)
	coldest, warmest := 255., 0.
	for i, place := range append(append([][2]float64{}, lit...), dark...) {
		x, y := p.spot(place[0], place[1])
		light, warmth, _ := shown.colours(shown.around(x, y, reach))
		p.t.Logf("%6.1f %6.1f: light %5.1f, warmth %5.1f", place[0], place[1], light, warmth)
		if i < len(lit) {
			coldest = min(coldest, warmth)
		} else {
			warmest = max(warmest, warmth)
		}
		if over := eval[string](p, fmt.Sprintf(`[...document.querySelectorAll(".rank, .side, footer, #total")].filter((e) => e.checkVisibility()).filter((e) => { const b = e.getBoundingClientRect(); return b.left < %f && b.right > %[1]f && b.top < %f && b.bottom > %[2]f }).map((e) => e.id || e.className).join()`, x, y)); over != "" {
			p.t.Errorf("%v lies under %s", place, over)
		}
	}
	if coldest < 2*warmest+4 {
		p.t.Errorf("where downloads are its warmth is %.1f and more, elsewhere up to %.1f", coldest, warmest)
	}
	box := eval[[]float64](p, `(({ left, top, width, height }) => [left + width / 2, top + height / 2, height / 2])(document.getElementById("total").getBoundingClientRect())`)
	if light, _, _ := shown.colours(shown.around(box[0], box[1], box[2])); light < 30 {
		p.t.Errorf("the total is not to be seen: %.1f", light)
	}
}
