package browser

import (
	"encoding/json"
	"net/http"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"
)

// countLocks stands in for the screen's wake lock and counts.
const countLocks = `{ globalThis.locks = 0;
	Object.defineProperty(navigator, "wakeLock", {value: {request: async () => (locks++, {release: async () => { locks-- }})}}) }`

// A wall shows the map and the numbers alone, keeps the screen awake, goes on a
// tour, moves what stands still, and gives everything back when it is left.
func TestWall(t *testing.T) {
	t.Parallel()
	const k = 40
	feed, _ := feedBy(k, 120, 30*time.Hour)
	p := openAt(t, 1920, 1080, coarse, site(t, feed).URL+"/?render=splat", hastenBy(k), countLocks)
	p.until(ready)
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
	eval[any](p, `{ globalThis.tour = []; let last, times = 0; setInterval(() => {
		const stop = (glow.scene.camera.globe ? "globe " : "map ") + glow.ranks.selected;
		times = stop === last ? times + 1 : 0;
		last = stop;
		if (times > 9 && tour.at(-1) !== stop) tour.push(stop); // not on the way
	}, 1000) }`)
	p.until(`tour.length > 6 && tour.slice(-6)[0] === "map "`) // a whole one
	stops := eval[[]string](p, `tour.slice(-6)`)
	where := regexp.MustCompile(`^map ;globe ;map ([A-Z]{2});globe ([A-Z]{2});map ([A-Z]{2});map $`).FindStringSubmatch(strings.Join(stops, ";"))
	if where == nil || where[1] == where[2] || where[2] == where[3] || where[1] == where[3] {
		t.Errorf("the tour goes %q", stops)
	}
	moved := `document.body.style.getPropertyValue("--shift-x") + document.body.style.getPropertyValue("--shift-y")`
	p.until(moved + ` !== ""`)
	first := eval[string](p, moved)
	p.until(moved + ` !== "` + first + `"`)
	p.press(kb.Escape)
	p.until(`!document.body.classList.contains("wall") && locks === 0 && !document.fullscreenElement`)
	p.unharmed()
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
	p.press("w")
	p.until(`document.body.classList.contains("wall") && locks === 1`)
	p.unharmed()
}

// A wall reloads itself for a new build of the page, and is a wall again.
func TestWallTakesNewBuilds(t *testing.T) {
	t.Parallel()
	const k = 40
	feed, _ := feedBy(k, 600, 3*time.Hour)
	inner := site(t, feed)
	var built atomic.Bool
	server := serveWith(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/settings.json" && built.Load() {
			_ = json.NewEncoder(w).Encode(map[string]any{"build": "another", "title": "Another", "types": map[string]any{}})
			return
		}
		inner.Config.Handler.ServeHTTP(fresh{w}, r)
	})
	p := open(t, server.URL+"/?render=splat&wall", hastenBy(k), countLocks)
	p.until(ready + ` && document.body.classList.contains("wall")`)
	eval[any](p, `globalThis.old = true`)
	p.until(`performance.getEntriesByType("resource").filter((r) => r.name.endsWith("settings.json")).length > 1`)
	if !eval[bool](p, `!!globalThis.old`) {
		t.Error("it reloaded for the build that it has")
	}
	built.Store(true)
	p.until(`!globalThis.old && document.body.classList.contains("wall") && document.title === "Another"`)
	if at := eval[string](p, `location.search`); !strings.Contains(at, "wall") || !strings.Contains(at, "render=splat") {
		t.Errorf("it is at %s now", at)
	}
	p.unharmed()
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
