package browser

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"
)

// countLocks stands in for the screen's wake lock and counts.
const countLocks = `{ globalThis.locks = 0;
	Object.defineProperty(navigator, "wakeLock", {value: {request: async () => (locks++, {release: async () => { locks-- }})}}) }`

// byHand keeps what the page would do every 45 s and more, to be done by the test.
const byHand = `{ globalThis.every = {}; const real = setInterval;
	globalThis.setInterval = (f, ms, ...more) => (ms < 45_000 ? real(f, ms, ...more) : ((every[ms] = f), real(() => {}, 1e9))) }`

// The wall's clockwork, in ms: the tour goes on, the numbers move, and it looks
// for a new build.
const (
	tourEvery  = 45_000
	moveEvery  = 60_000
	checkEvery = 300_000
)

// A wall shows the map and the numbers alone, keeps the screen awake, goes on a
// tour, moves what stands still, and gives everything back when it is left.
func TestWall(t *testing.T) {
	t.Parallel()
	feed, _ := feedBy(1, 120, 30*time.Hour)
	p := openAt(t, 1920, 1080, coarse, site(t, feed).URL+"/?render=splat", byHand, countLocks)
	p.until(ready + ` && glow.app.numbers.of("1d", glow.app.at / 1000)`)
	p.press("w")
	p.until(`document.body.classList.contains("wall") && locks === 1`)
	for _, gone := range []string{"nav", ".rank", "#play", "#scrub", "#span", "#speed", "#about", "#credit"} {
		if eval[bool](p, `document.querySelector("`+gone+`").checkVisibility()`) {
			t.Errorf("%s is on the wall", gone)
		}
	}
	for _, there := range []string{"#total", "#title", "#state", "#continents", "#clock"} {
		if !eval[bool](p, `document.querySelector("`+there+`").checkVisibility()`) {
			t.Errorf("%s is not on the wall", there)
		}
	}
	busiest := eval[[]string](p, `[...glow.app.numbers.of("1d", glow.app.at / 1000).countries].sort((a, b) => b[1] - a[1]).slice(0, 3).map((c) => c[0])`)
	for range 2 {
		for i, country := range append([]string{""}, append(busiest, "")...) {
			eval[any](p, fmt.Sprintf(`every[%d]()`, tourEvery))
			p.until(fmt.Sprintf(`glow.scene.camera.globe === %v && glow.ranks.selected === %q`, i%2 == 0 && i < 4, country))
		}
	}
	moved := `document.body.style.getPropertyValue("--shift-x") + document.body.style.getPropertyValue("--shift-y")`
	eval[any](p, fmt.Sprintf(`every[%d]()`, moveEvery))
	first := eval[string](p, moved)
	if first == "" {
		t.Error("nothing moves")
	}
	p.until(fmt.Sprintf(`(every[%d](), %s !== %q)`, moveEvery, moved, first))
	p.press(kb.Escape)
	p.until(`!document.body.classList.contains("wall") && locks === 0 && !document.fullscreenElement`)
	p.Unharmed()
}

// Who leaves the wall at once is not left with a full screen or a lock.
func TestWallLeftAtOnce(t *testing.T) {
	t.Parallel()
	feed, _ := fastFeed(600, 3*time.Hour)
	p := open(t, site(t, feed).URL+"/?render=splat", hasten, countLocks)
	p.until(ready)
	p.press("g") // what listens to keys comes with the first one
	p.until(`glow.scene.camera.globe`)
	p.press("w")
	p.press("w")
	p.until(`!document.body.classList.contains("wall") && locks === 0 && !document.fullscreenElement`)
	p.press("www")
	p.until(`document.body.classList.contains("wall") && locks === 1`)
	p.press("w")
	p.until(`!document.body.classList.contains("wall") && locks === 0`)
	p.Unharmed()
}

// A wall reloads itself for a new build of the page, and is a wall again.
func TestWallTakesNewBuilds(t *testing.T) {
	t.Parallel()
	inner := site(t, quietFeed())
	var built atomic.Bool
	server := serveWith(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/settings.json" && built.Load() {
			_ = json.NewEncoder(w).Encode(map[string]any{"build": "another", "title": "Another", "types": map[string]any{}})
			return
		}
		inner.Config.Handler.ServeHTTP(fresh{w}, r)
	})
	p := open(t, server.URL+"/?render=splat&wall", byHand, countLocks)
	p.until(ready + ` && document.body.classList.contains("wall")`)
	eval[any](p, fmt.Sprintf(`{ globalThis.old = true; every[%d]() }`, checkEvery))
	p.until(`performance.getEntriesByType("resource").filter((r) => r.name.endsWith("settings.json")).length > 1`)
	if !eval[bool](p, `!!globalThis.old`) {
		t.Error("it reloaded for the build that it has")
	}
	built.Store(true)
	eval[any](p, fmt.Sprintf(`every[%d]()`, checkEvery))
	p.until(`!globalThis.old && document.body.classList.contains("wall") && document.title === "Another"`)
	if at := eval[string](p, `location.search`); !strings.Contains(at, "wall") || !strings.Contains(at, "render=splat") {
		t.Errorf("it is at %s now", at)
	}
	p.Unharmed()
}

// fresh answers what no cache keeps: a minute is too long for a test.
type fresh struct{ http.ResponseWriter }

func (f fresh) WriteHeader(status int) {
	f.Header().Set("Cache-Control", "no-store")
	f.ResponseWriter.WriteHeader(status)
}

func (f fresh) Write(p []byte) (int, error) {
	f.Header().Set("Cache-Control", "no-store")
	return f.ResponseWriter.Write(p)
}
