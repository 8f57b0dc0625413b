package browser

import (
	"fmt"
	"os"
	"strconv"
	"testing"

	"github.com/chromedp/chromedp"
)

// frames is how many frames a measurement takes: few by default, since a busy
// machine's times say little; GLOW_FRAMES=600 measures.
func frames(t *testing.T) int {
	v := os.Getenv("GLOW_FRAMES")
	if v == "" {
		return 10
	}
	n, err := strconv.Atoi(v)
	if err != nil {
		t.Fatalf("GLOW_FRAMES: %v", err)
	}
	return n
}

// light holds the playhead and lights n sparks of the four seconds before it, all
// of them alive, spread over the land as downloads are, one of 40 a share.
const light = `((n) => {
	const { app, scene, world } = glow;
	app.seek(Math.floor(app.present() / 10000) * 10000 - 60000);
	app.player.paused = true;
	const start = app.at / 1000 - 10;
	const shares = Math.floor(n / 40);
	const counts = (n, first) => {
		const cells = new Map();
		for (let i = 0; i < n; i++) {
			const at = ((first + i) * 7919) %% (world.dots.length / 3) * 3;
			const cell = Math.floor((90 - world.dots[at + 1]) * 2) * 720 + Math.floor((world.dots[at] + 180) * 2) %% 720;
			cells.set(cell, (cells.get(cell) ?? 0) + 1);
		}
		const sorted = [...cells].sort((a, b) => a[0] - b[0]);
		return {
			n, unlocated: 0, beat: [0, 0, 0, 0, 0, 0, 0, 0, n, 0].map((v, i) => (i > 5 ? Math.floor(n / 4) + (i === 9 ? n %% 4 : 0) : 0)),
			cells: Uint32Array.from(sorted, (c) => c[0]), counts: Float64Array.from(sorted, (c) => c[1]),
		};
	};
	scene.sparks.clear();
	scene.sparks.add("made up", { period: "10s", start, grid: .5, types: new Map([["download", counts(n - shares, 0)], ["share:twitter", counts(shares, 5)]]) }, 1e9);
	glow.frames = 0;
	return scene.sparks.count;
})(%d)`

// spread is the middle, the 95th of a hundred and the longest script of the
// frames since, in ms.
const spread = `(() => { const ms = [...glow.js.slice(0, Math.min(glow.frames, glow.js.length))].sort((a, b) => a - b); return [.5, .95, 1].map((p) => ms[Math.min(ms.length - 1, Math.floor(p * ms.length))]) })()`

// countCalls counts calls of WebGL by name, and notes when a snapshot has come.
const countCalls = `{ globalThis.calls = {};
	const gl = WebGL2RenderingContext.prototype;
	for (const name of ["drawArrays", "bufferData", "bufferSubData", "texImage2D", "texStorage2D", "createTexture", "readPixels", "getError", "finish"]) {
		const real = gl[name];
		gl[name] = function (...a) { calls[name] = (calls[name] ?? 0) + 1; return real.apply(this, a) };
	}
	globalThis.came = 0;
	const real = fetch;
	globalThis.fetch = (url, o) => real(url, o).finally(() => { if (!String(url).endsWith("latest.json")) came = performance.now() });
}`

// countFrames gives the calls in some frames before which, for a second, no
// snapshot came, nor as they were drawn: these are uploaded.
const countFrames = `new Promise((done) => {
	let first, since;
	const begin = () => { first = glow.frames; since = performance.now(); globalThis.calls = {} };
	const ask = () => {
		if (came > since - 1000) begin();
		if (glow.frames - first < %d) requestAnimationFrame(ask);
		else done({ ...calls, frames: glow.frames - first, sparks: glow.scene.stats().sparkDraws });
	};
	requestAnimationFrame(() => { begin(); ask() });
})`

// A hundred thousand sparks are one draw call; a frame uploads nothing, makes
// nothing and waits for nothing.
func TestFramesOfHundredThousand(t *testing.T) {
	p := openAtPace(t, 960, 540, coarse, site(t, quietFeed()).URL+"/?render=gl", countCalls)
	p.until(ready + ` && glow.scene.stats().embers > 0`)
	if n := eval[int](p, fmt.Sprintf(light, 100_000)); n != 100_000 {
		t.Fatalf("%d sparks", n)
	}
	p.until(`glow.frames > 1 && glow.scene.stats().sparkDraws === 1`)
	n := frames(t)
	var got map[string]int
	cpu := p.frameCPU(func() {
		got = eval[map[string]int](p, fmt.Sprintf(countFrames, n))
	})
	frames := got["frames"]
	delete(got, "frames")
	if got["sparks"] != 1 {
		t.Errorf("%d draw calls for the sparks", got["sparks"])
	}
	// Embers, sparks, six for the bloom, one to compose; the land only if it has changed.
	if draws := got["drawArrays"]; draws < 9*frames || draws > 10*frames {
		t.Errorf("%d draw calls in %d frames, want 9 or 10 each", draws, frames)
	}
	for name, calls := range got {
		if name != "sparks" && name != "drawArrays" && calls > 0 {
			t.Errorf("%d calls of %s in %d frames", calls, name, frames)
		}
	}
	ms := eval[[]float64](p, spread)
	t.Logf("100,000 sparks: script of a frame %.2f ms in the middle, %.2f at the 95th, %.2f at most (%d frames)", ms[0], ms[1], ms[2], frames)
	if len(cpu) == 0 {
		t.Fatal("no frame in the trace")
	}
	t.Logf("processor of the main thread for it: %.2f ms in the middle, %.2f at the 95th, %.2f at most", cpu[len(cpu)/2], cpu[len(cpu)*95/100], cpu[len(cpu)-1])
	p.Unharmed()
}

// Machines without a GPU draw 20,000 sparks at 1920 × 1080, on the map and on
// the globe, which turns all the while.
func TestSplatOfTwentyThousand(t *testing.T) {
	p := openAtPace(t, 1920, 1080, 1, site(t, quietFeed()).URL+"/?render=splat")
	p.until(ready + ` && glow.scene.stats().embers > 0`)
	if stats := eval[map[string]float64](p, `glow.scene.stats()`); stats["width"] != 1920 || stats["height"] != 1080 {
		t.Errorf("it draws %v × %v points", stats["width"], stats["height"])
	}
	for _, view := range []string{"map", "globe"} {
		eval[any](p, fmt.Sprintf(`{ glow.view(%v); glow.scene.camera.morph = %d }`, view == "globe", map[string]int{"map": 0, "globe": 1}[view]))
		eval[any](p, fmt.Sprintf(light, 20_000))
		p.until(fmt.Sprintf(`glow.frames >= %d`, frames(t)))
		ms := eval[[]float64](p, spread)
		t.Logf("20,000 sparks, %s: script of a frame %.1f ms in the middle, %.1f at the 95th, %.1f at most", view, ms[0], ms[1], ms[2])
	}
	p.Unharmed()
}

// watchTasks lists long tasks since a moment.
const watchTasks = `{ globalThis.long = []; new PerformanceObserver((list) => { for (const e of list.getEntries()) long.push([e.startTime, e.duration]) }).observe({ type: "longtask", buffered: true }) }`

// How long tasks keep the page from answering, by the time that passes, in which
// drawing by software and others have their part, and by its own processor time.
func TestLongTasks(t *testing.T) {
	for _, render := range []string{"gl", "splat"} {
		t.Run(render, func(t *testing.T) {
			p := openAtPace(t, 1280, 720, coarse, "about:blank", watchTasks)
			address := site(t, quietFeed()).URL + "/?render=" + render
			var loaded float64
			load := p.taskCPU(func() {
				do(p, chromedp.Navigate(address))
				p.until(ready + ` && glow.scene.stats().embers > 0`)
				loaded = eval[float64](p, `performance.now()`)
			})
			after := p.taskCPU(func() { p.until(fmt.Sprintf(`performance.now() > %f`, loaded+float64(frames(t))*100)) })
			t.Logf("long tasks (start, ms) until everything was there, %.0f ms, and after: %s", loaded, eval[string](p, `JSON.stringify(long)`))
			t.Logf("the longest by processor time %.0f ms, and after %.0f ms", load[len(load)-1], after[len(after)-1])
			p.Unharmed()
		})
	}
}
