package browser

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
)

// spot is where a place (degrees) is seen, in CSS pixels of the window, by
// unit.ts in the page.
func (p *tab) spot(lat, lon float64) (x, y float64) {
	p.t.Helper()
	at := eval[[]float64](p, fmt.Sprintf(`(() => {
		const points = new unit.Points(1), out = new Float32Array(3), box = glow.scene.canvas.getBoundingClientRect();
		points.set(0, %f, %f);
		unit.projector(glow.scene.camera.view(1), points)(0, out);
		return [out[0] + box.left, out[1] + box.top, out[2]];
	})()`, lon, lat))
	if at[2] < 1 {
		p.t.Fatalf("%v, %v is behind the globe", lat, lon)
	}
	return at[0], at[1]
}

// point moves the mouse to a place.
func (p *tab) point(lat, lon float64) {
	p.t.Helper()
	x, y := p.spot(lat, lon)
	do(p, chromedp.MouseEvent(input.DispatchMouseEventTypeMouseMoved, x, y))
}

// tap touches a place.
func (p *tab) tap(lat, lon float64) {
	p.t.Helper()
	x, y := p.spot(lat, lon)
	touch := func(typ input.DispatchTouchEventType, points ...*input.TouchPoint) {
		do(p, func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
			_, err := cdp.Call(ctx, target, input.DispatchTouchEvent, input.DispatchTouchEventParams{Type: typ, TouchPoints: points})
			return chromedp.Void{}, err
		})
	}
	touch(input.DispatchTouchEventTypeTouchStart, &input.TouchPoint{X: x, Y: y})
	touch(input.DispatchTouchEventTypeTouchEnd)
}

// note waits until the note beside the pointer is about a country (or is gone,
// if it is none) and returns what it says: today, of all time, a minute.
func (p *tab) note(country string) (numbers [3]float64) {
	p.t.Helper()
	if country == "" {
		p.until(`document.getElementById("tip").hidden`)
		return numbers
	}
	p.until(fmt.Sprintf(`document.querySelector("#tip:not([hidden]) b")?.textContent === %q`, country))
	said := eval[string](p, `document.querySelector("#tip span").innerText`)
	m := regexp.MustCompile(`^([\d,]+) Today · ([\d,]+) All\n([\d,]+) a minute$`).FindStringSubmatch(said)
	if m == nil {
		p.t.Fatalf("the note says %q", said)
	}
	for i := range numbers {
		numbers[i], _ = strconv.ParseFloat(strings.ReplaceAll(m[i+1], ",", ""), 64)
	}
	return numbers
}

// pointed are places in countries of all kinds, and in none.
var pointed = []struct {
	lat, lon      float64
	code, country string
}{
	{-10, -52, "BR", "Brazil"},
	{51, 10, "DE", "Germany"},
	{36, 138, "JP", "Japan"},
	{-25, 134, "AU", "Australia"},
	{40, -100, "US", "United States"},
	{62, 95, "RU", "Russia"},
	{-30, -25, "", ""},
	{0, -140, "", ""},
}

// The mouse over a country shows its name, how many came from there, and how
// many a minute: the numbers of the feed. Over the sea there is no note.
func TestHover(t *testing.T) {
	t.Parallel()
	feed := quietFeed()
	p := open(t, site(t, feed).URL+"/?render=splat")
	p.until(ready)
	eval[any](p, unitScript(t))
	at := begin.Add(-30 * time.Minute).Truncate(time.Minute)
	eval[any](p, fmt.Sprintf(`{ glow.timebar.toggle(); glow.timebar.seek(%d) }`, at.UnixMilli()))
	p.until(`["1m", "1d", "all"].every((period) => glow.app.numbers.of(period, glow.app.at / 1000 - (period === "1m" ? 60 : 0)))`)
	for _, c := range pointed {
		p.point(c.lat, c.lon)
		said := p.note(c.country)
		if c.code == "" {
			continue
		}
		want := eval[[]float64](p, fmt.Sprintf(`(async (urls) => (await Promise.all(urls.map((u) => fetch("feed/v1/" + u).then((r) => r.json())))).map((s) => s.types.download.countries[%q] ?? 0))(%s)`,
			c.code, text([]string{"1d/" + at.UTC().Format("2006/01/02") + ".json", "all.json", "1m/" + at.Add(-time.Minute).UTC().Format("2006/01/02/15/04") + ".json"})))
		// Days and all time have gone on since the page asked.
		if said[2] != want[2] || said[0] <= 0 || said[0] > want[0] || said[0] < want[0]*.7 || said[1] <= 0 || said[1] > want[1] || said[1] < want[1]*.7 {
			t.Errorf("%s: the note says %v today, of all time, a minute; the feed %v", c.country, said, want)
		}
	}
	p.Unharmed()
}

// Who touches the map before what listens to hands has come is heard then.
func TestTapBeforeHands(t *testing.T) {
	t.Parallel()
	inner := site(t, quietFeed())
	asked, come := make(chan struct{}), make(chan struct{})
	server := serveWith(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/hands-") {
			close(asked)
			<-come
		}
		inner.Config.Handler.ServeHTTP(w, r)
	})
	p := openAt(t, 390, 844, 1, server.URL+"/?render=splat")
	p.until(ready)
	eval[any](p, unitScript(t))
	p.tap(51, 10)
	<-asked
	close(come)
	p.until(`glow.ranks.selected === "DE"`)
	p.Unharmed()
}

// A finger on a country does what a click does, on the map and on the globe: it
// chooses the country, lights it up and shows the same note.
func TestTap(t *testing.T) {
	t.Parallel()
	feed := quietFeed()
	p := openAt(t, 390, 844, 1, site(t, feed).URL+"/?render=splat")
	p.until(ready)
	eval[any](p, unitScript(t))
	eval[any](p, `glow.timebar.toggle()`)
	p.until(`glow.app.numbers.of("all", 0)`)
	for _, globe := range []bool{false, true} {
		eval[any](p, fmt.Sprintf(`{ glow.choose(""); glow.view(%v) }`, globe))
		p.until(fmt.Sprintf(`glow.ranks.selected === "" && glow.scene.camera.morph === %d && glow.scene.camera.zoom < 1.01 && Math.abs(glow.scene.camera.lat - 24 * unit.RAD) < .01`, map[bool]int{false: 0, true: 1}[globe]))
		eval[any](p, `{ glow.scene.camera.stop(); glow.scene.camera.spin = false; glow.scene.camera.lon = 10 * unit.RAD }`)
		p.tap(51, 10)
		p.until(`glow.ranks.selected === "DE" && glow.scene.selected === glow.world.codes.indexOf("DE")`)
		if said := p.note("Germany"); said[1] <= 0 || math.IsNaN(said[1]) {
			t.Errorf("globe %v: the note says %v", globe, said)
		}
		box := eval[[]float64](p, `(({ left, top, right, bottom }) => [left, top, innerWidth - right, innerHeight - bottom])(document.getElementById("tip").getBoundingClientRect())`)
		for _, free := range box {
			if free < 0 {
				t.Errorf("globe %v: the note leaves the page: %v", globe, box)
				break
			}
		}
	}
	p.Unharmed()
}
