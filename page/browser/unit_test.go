package browser

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/evanw/esbuild/pkg/api"

	"github.com/glowmap/glow/internal/bucket"
	"github.com/glowmap/glow/internal/grid"
	"github.com/glowmap/glow/page/feedtest"
)

// unitScript puts the page's modules into window.unit.
func unitScript(t *testing.T) string {
	t.Helper()
	built := api.Build(api.BuildOptions{
		EntryPoints: []string{"unit.ts"}, Bundle: true, Format: api.FormatIIFE, GlobalName: "unit", Target: api.ES2022,
		Loader: map[string]api.Loader{".bin": api.LoaderEmpty},
	})
	if len(built.Errors) > 0 {
		t.Fatal(built.Errors[0].Text)
	}
	return string(built.OutputFiles[0].Contents) + "\n;globalThis.unit = unit; null"
}

// units opens an empty tab with the page's modules in window.unit.
func units(t *testing.T) *tab {
	t.Helper()
	p := open(t, "about:blank")
	eval[any](p, unitScript(t))
	return p
}

// All screens draw the same sparks: Chromium's list is Go's, for every period,
// type and thinning.
func TestBirthsAreThoseOfGo(t *testing.T) {
	t.Parallel()
	p := units(t)
	first := time.Date(2026, 3, 24, 12, 0, 0, 0, time.UTC)
	feed := feedtest.New(600, first)
	for _, period := range bucket.Periods[:4] {
		id := bucket.ID{Period: period, Start: period.Start(first.Add(13*time.Hour + 7*time.Minute).Unix())}
		data := feed.Snapshot(id, first.Add(26*time.Hour))
		for _, most := range []uint64{1 << 30, 50} {
			want, err := feedtest.Births(id, data, most)
			if err != nil {
				t.Fatal(err)
			}
			if got := eval[string](p, fmt.Sprintf(`unit.birthHashes(%s, %q, %d, %d)`, data, period, id.Start, most)); got != want {
				t.Errorf("%s, at most %d: Chromium\n%s, Go\n%s", period, most, got, want)
			}
		}
	}
}

// Unthinned, there is exactly one spark an event, and never one too many.
func TestBirthsAreAsManyAsEvents(t *testing.T) {
	t.Parallel()
	p := units(t)
	got := eval[string](p, `(() => {
		const c = {n: 10, unlocated: 3, beat: [10, ...Array(9).fill(0)], cells: Uint32Array.of(5, 9), counts: Float64Array.of(4, 3)};
		const b = unit.births("10s", 1774360800, "download", c, 1e6);
		return [b.n, Math.max(...b.ms.slice(0, b.n)) < 1000, b.cell.slice(0, b.n).join("")].join(" ");
	})()`)
	if got != "7 true 5555999" {
		t.Errorf("births: %s", got)
	}
}

func TestDecoderTakesTheFeed(t *testing.T) {
	t.Parallel()
	p := units(t)
	feed := feedtest.New(200, time.Date(2026, 3, 23, 22, 0, 0, 0, time.UTC))
	now := time.Date(2026, 3, 24, 14, 1, 3, 0, time.UTC)
	got := eval[string](p, fmt.Sprintf(`(() => {
		const l = unit.decodeLatest(%s);
		const s = unit.decodeSnapshot(%s, "1m", 1774360800);
		const a = unit.decodeSnapshot(%s, "all", 0);
		const d = s.types.get("download");
		return [l.delay, l.newest.get("1m"), l.recent.length, d.n, d.beat.length, [...a.types.get("download").days.keys()].join()].join(" ");
	})()`, feed.Object("latest.json", now), feed.Object("1m/2026/03/24/14/00.json", now), feed.Object("all.json", now)))
	n := uint64(feed.Count("download", 1774360860) - feed.Count("download", 1774360800))
	if want := fmt.Sprintf("20 1774360800 12 %d 60 2026-03-23,2026-03-24", n); got != want {
		t.Errorf("decoded %s, want %s", got, want)
	}
}

// Whatever is wrong with a snapshot makes the decoder refuse it by a
// DecodeError, and nothing else.
func TestDecoderRefuses(t *testing.T) {
	t.Parallel()
	p := units(t)
	good := `{"v":1,"period":"10s","start":"2026-03-24T14:00:00Z","grid":0.5,"types":{"download":{"n":3,"unlocated":1,"beat":[3,0,0,0,0,0,0,0,0,0],"cells":[7],"counts":[2],"continents":{},"countries":{"DE":2}}}}`
	change := func(old, new string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("%s is not in the example", old)
		}
		return strings.Replace(good, old, new, 1)
	}
	for name, data := range map[string]string{
		"null": "null", "list": "[]", "text": `"x"`, "number": "1", "empty": "{}",
		"version": change(`"v":1`, `"v":2`), "period": change(`"10s"`, `"1m"`), "start": change("14:00:00Z", "14:00:10Z"),
		"start is no moment": change(`"2026-03-24T14:00:00Z"`, `"now"`), "grid": change(`"grid":0.5`, `"grid":0.7`),
		"tiny grid": change(`"grid":0.5`, `"grid":1e-9`), "types is a list": change(`{"download":{`, `[{"download":{`) + "",
		"negative": change(`"n":3`, `"n":-3`), "fraction": change(`"n":3`, `"n":3.5`), "too large": change(`"n":3`, `"n":1e300`),
		"text for a number": change(`"n":3`, `"n":"3"`), "more sparks than events": change(`"counts":[2]`, `"counts":[200]`),
		"fewer": change(`"counts":[2]`, `"counts":[1]`), "off the globe": change(`"cells":[7]`, `"cells":[259200]`),
		"lengths differ": change(`"cells":[7]`, `"cells":[7,1]`), "cells is text": change(`"cells":[7]`, `"cells":"7"`),
		"short beat": change(`[3,0,0,0,0,0,0,0,0,0]`, `[3]`), "beat lies": change(`"beat":[3,`, `"beat":[2,`),
		"country": change(`{"DE":2}`, `{"DE":"2"}`), "countries": change(`{"DE":2}`, `[2]`),
	} {
		if name == "types is a list" {
			data = strings.Replace(strings.Replace(good, `"types":{`, `"types":[{`, 1), `}}}}`, `}}}]}`, 1)
		}
		got := eval[string](p, fmt.Sprintf(`(() => { try { unit.decodeSnapshot(%s, "10s", 1774360800); return "took it" } catch (e) { return e instanceof unit.DecodeError ? "refused" : String(e) } })()`, data))
		if got != "refused" {
			t.Errorf("%s: %s", name, got)
		}
	}
	odd := change(`"countries":{"DE":2}`, `"countries":{"DE":2,"__proto__":1,"<b>":5},"new":{"field":1}`)
	if got := eval[string](p, fmt.Sprintf(`[...unit.decodeSnapshot(JSON.parse(%s), "10s", 1774360800).types.get("download").countries].join()`, text(odd))); got != "DE,2" {
		t.Errorf("odd countries: %s", got)
	}
}

// Random damage to good JSON either decodes or is refused; it never breaks.
func TestDecoderSurvivesDamage(t *testing.T) {
	t.Parallel()
	p := units(t)
	feed := feedtest.New(300, time.Date(2026, 3, 24, 13, 0, 0, 0, time.UTC))
	now := time.Date(2026, 3, 24, 14, 1, 3, 0, time.UTC)
	got := eval[string](p, fmt.Sprintf(`(() => {
		const good = {s: %s, l: %s};
		let seed = 1, odd = "";
		const random = (n) => (seed = unit.mix(seed + 1)) %% n;
		const rubbish = [null, -1, 1.5, 1e400, "x", [], {}, true, "2026-03-24T14:00:00Z", Array(100).fill(1), {"a": {"b": 1}}];
		const damage = (v, depth) => {
			if (typeof v !== "object" || v === null || depth > 4 || random(6) === 0) return rubbish[random(rubbish.length)];
			const keys = Object.keys(v);
			const k = keys[random(Math.max(1, keys.length))];
			const copy = Array.isArray(v) ? [...v] : {...v};
			copy[k] = damage(v[k], depth + 1);
			return copy;
		};
		for (let i = 0; i < 4000; i++) {
			try { i %% 2 ? unit.decodeSnapshot(damage(good.s, 0), "1m", 1774360800) : unit.decodeLatest(damage(good.l, 0)); }
			catch (e) { if (!(e instanceof unit.DecodeError)) odd = String(e); }
		}
		return odd;
	})()`, feed.Object("1m/2026/03/24/14/00.json", now), feed.Object("latest.json", now)))
	if got != "" {
		t.Errorf("damaged JSON threw %s", got)
	}
}

func TestPlayer(t *testing.T) {
	t.Parallel()
	p := units(t)
	for js, want := range map[string]string{
		// live follows the present, eased, never back
		`const q = new unit.Player(); q.tick(0, 1e6); let last = 0, ok = true; for (let i = 1; i < 500; i++) { const at = q.tick(i * 16, 1e6 + i * 16 - 400 * (i > 50)); ok &&= at >= last; last = at } return [ok, Math.round(last - 1e6 - 499 * 16 + 400)].join()`: "true,0",
		// where the present stands still, so does it, to the millisecond
		`const q = new unit.Player(); q.tick(0, 1e6, 1001000); for (let i = 1; i < 300; i++) q.tick(i * 16, Math.min(1e6 + i * 16, 1001000), 1001000); return String(q.at)`: "1001000",
		// a replay runs at its speed and turns live when it has caught up
		`const q = new unit.Player(); q.tick(0, 1e6); q.seek(9e5); q.play(60); q.tick(500, 1e6); const a = q.at; q.tick(1500, 1e6); q.tick(2500, 1e6); return [a, q.live, q.speed, q.at].join()`: "930000,true,1,1000000",
		// paused stands still, and on goes on from there
		`const q = new unit.Player(); q.tick(0, 1e6); q.toggle(); q.tick(1000, 1001000); const a = q.at; q.toggle(); q.tick(1500, 1001500); return [a, q.at, q.live].join()`: "1000000,1000500,false",
	} {
		if got := eval[string](p, "(() => {"+js+"})()"); got != want {
			t.Errorf("%s\ngave %s, want %s", js, got, want)
		}
	}
}

func TestStateIsHonest(t *testing.T) {
	t.Parallel()
	p := units(t)
	base := `{known: true, status: "live", online: true, silence: 2, quiet: 5, live: true, stopped: false, `
	for change, want := range map[string]string{
		``: "live", `known: false`: "loading", `known: false, online: false`: "offline", `silence: 40`: "late", `silence: 300`: "stopped",
		`quiet: 200`: "quiet", `quiet: 200, silence: 300`: "stopped", `status: "recovering"`: "recovering", `status: "paused"`: "paused",
		`status: "ended"`: "ended", `status: "ended", silence: 1e6`: "ended", `online: false`: "offline", `live: false`: "replay", `stopped: true`: "frozen",
	} {
		if got := eval[string](p, "unit.judge("+base+change+"})"); got != want {
			t.Errorf("%s: %s, want %s", change, got, want)
		}
	}
}

// A place goes through projection and back, and cells lie where the grid says.
func TestProjectionsInvert(t *testing.T) {
	t.Parallel()
	p := units(t)
	got := eval[float64](p, `(() => {
		let worst = 0;
		for (const morph of [0, 1]) {
			const v = {width: 800, height: 400, scale: 140, x: 400, y: 200, panX: 0.1, panY: 0.05, morph, lon: 0.2, lat: 0.4, radius: 180, globeX: 400, globeY: 200};
			const points = new unit.Points(1), project = unit.projector(v, points);
			for (let lat = -80; lat <= 80; lat += 7) for (let lon = -160; lon < 180; lon += 9) {
				const out = new Float32Array(3), r = unit.RAD;
				points.set(0, lon, lat);
				project(0, out);
				if (out[2] < 1) continue;
				const back = unit.unproject(v, out[0], out[1]);
				const turn = Math.abs(back[0] - lon * r) % (2 * Math.PI);
				worst = Math.max(worst, Math.min(turn, 2 * Math.PI - turn) * Math.cos(lat * r), Math.abs(back[1] - lat * r));
			}
		}
		return worst;
	})()`)
	if !(got < 1e-4) {
		t.Errorf("off by %v rad", got)
	}
	g, err := grid.New(0.5)
	if err != nil {
		t.Fatal(err)
	}
	cell, _ := g.Cell(52.5, 13.4)
	lat, lon := g.Corner(cell)
	size := eval[map[string]float64](p, `unit.gridSize(0.5)`)
	row, col := math.Floor(float64(cell)/size["cols"]), math.Mod(float64(cell), size["cols"])
	if south, west := -90+(size["rows"]-1-row)*.5, -180+col*.5; south*1e4 != float64(lat) || west*1e4 != float64(lon) {
		t.Errorf("cell %d is at %v %v, the grid says %d %d", cell, south, west, lat, lon)
	}
}

func TestObjectNames(t *testing.T) {
	t.Parallel()
	p := units(t)
	const at = 1774360851
	for _, period := range bucket.Periods {
		id := bucket.ID{Period: period, Start: period.Start(at)}
		if got := eval[string](p, fmt.Sprintf(`unit.objectOf({period: %q, start: unit.startOf(%[1]q, %d)})`, period, at)); got != id.Object() {
			t.Errorf("%s: %s, the publisher writes %s", period, got, id.Object())
		}
	}
}
