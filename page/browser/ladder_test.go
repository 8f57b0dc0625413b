package browser

import (
	"fmt"
	"slices"
	"testing"
)

// paced makes every frame take as long as it says, in ms, by the clock that
// frames are given; they follow each other as fast as they can.
func paced(ms int) string {
	return fmt.Sprintf(`{ let at = 0; globalThis.requestAnimationFrame = (f) => setTimeout(() => { f(at += %d); globalThis.drawn?.() }) }`, ms)
}

// pacedOnce is paced from the first sparks on: until then frames are quick, so
// that no step passes before there is anything to see.
func pacedOnce(ms int) string {
	return fmt.Sprintf(`{ let at = 0, slow = false; globalThis.requestAnimationFrame = (f) => setTimeout(() => {
		slow ||= window.glow?.scene.stats().sparkDraws === 1;
		f(at += slow ? %d : 16);
		globalThis.drawn?.();
	}) }`, ms)
}

// ladder is what is to be seen at each of its steps in some frame, as some do not
// last: no bloom, a lower resolution, the renderer for machines without a GPU.
const ladder = `{
	const steps = [
		(s) => s.level === 0 && s.draws > 8 && s.sparkDraws === 1,
		(s) => s.level === 1 && s.draws <= 4 && s.sparkDraws === 1,
		(s) => s.level === 2 && s.width === Math.round(innerWidth * .7),
		(s) => s.level === 3 && glow.scene.name === "splat" && s.sparks > 0 && document.getElementById("map") === glow.scene.canvas,
	];
	globalThis.seen = steps.map(() => false);
	globalThis.drawn = () => { if (window.glow) steps.forEach((is, i) => (seen[i] ||= is(glow.scene.stats()))) };
}`

// withGPU lets the page believe that this machine has one.
const withGPU = `{
	const gl = WebGL2RenderingContext.prototype, real = gl.getParameter;
	gl.getParameter = function (name) { return name === 0x9246 || name === gl.RENDERER ? "A GPU" : real.call(this, name) };
	gl.readPixels = () => {}; // what the probe waits for
}`

// stepped tells how the scene is drawn.
const stepped = `JSON.stringify([glow.scene.name, glow.scene.stats()])`

// Where frames are slow the page draws less, step by step, as far as the
// renderer for machines without a GPU, and goes on glowing; then it stays.
func TestLadder(t *testing.T) {
	t.Parallel()
	p := openAtPace(t, 120, 180, 1, site(t, quietFeed()).URL+"/", withGPU, pacedOnce(60), ladder)
	p.until(`glow.scene.stats().level === 6`)
	if seen := eval[[]bool](p, `seen`); slices.Contains(seen, false) {
		t.Errorf("of its steps these were seen: %v", seen)
	}
	first := eval[int](p, `glow.frames`)
	p.until(fmt.Sprintf(`glow.frames > %d`, first+95)) // more than a step takes
	if level := eval[int](p, `glow.scene.stats().level`); level != 6 {
		t.Errorf("it goes on down: %s", eval[string](p, stepped))
	}
	p.Unharmed()
}

// Where they are not, it keeps all of it; and a viewer who has chosen a renderer
// keeps that, however slow it is.
func TestLadderIsLeftAlone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ms    int
		query string
	}{"fast": {16, ""}, "chosen": {60, "?render=gl"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := openAtPace(t, 120, 180, 1, site(t, quietFeed()).URL+"/"+c.query, withGPU, paced(c.ms))
			p.until(`glow.scene.stats().sparkDraws === 1 && glow.frames > 95`)
			if !eval[bool](p, `glow.scene.name === "A GPU" && glow.scene.stats().level === 0 && glow.scene.stats().draws > 8`) {
				t.Error(eval[string](p, stepped))
			}
			p.Unharmed()
		})
	}
}

// A GPU that is one in name only is found out by the probe.
func TestProbe(t *testing.T) {
	t.Parallel()
	const slow = `{ let at = 0; const now = performance.now.bind(performance); WebGL2RenderingContext.prototype.readPixels = () => { at += 50 }; performance.now = () => now() + at }`
	p := openAtPace(t, 120, 180, 1, site(t, quietFeed()).URL+"/", withGPU, slow)
	p.until(`glow.scene.name === "splat" && glow.scene.sparks.count > 0`)
	p.Unharmed()
}

// lose takes the context away and gives it back after the page has noticed.
const lose = `new Promise((done) => {
	const { canvas } = glow.scene, e = canvas.getContext("webgl2").getExtension("WEBGL_lose_context");
	canvas.addEventListener("webglcontextlost", () => setTimeout(() => e.restoreContext()), { once: true });
	canvas.addEventListener("webglcontextrestored", () => requestAnimationFrame(() => requestAnimationFrame(() => done(null))), { once: true });
	e.loseContext();
})`

// A lost context is made again from what the page holds, once for each time that
// it is lost, and the picture is what it was.
func TestContextLoss(t *testing.T) {
	t.Parallel()
	p := openAt(t, 640, 360, coarse, site(t, quietFeed()).URL+"/?render=gl"+frozen, countObjects)
	p.until(ready + ` && ` + developed)
	programs := eval[int](p, `alive.Program`)
	light := p.amber()
	for n := range 3 {
		eval[any](p, lose)
		p.until(`!glow.scene.canvas.getContext("webgl2").isContextLost() && glow.scene.stats().sparkDraws === 1 && glow.scene.stats().draws >= 9`)
		if now := eval[int](p, `alive.Program`); now != programs*(n+2) { // what is lost is not deleted
			t.Errorf("lost %d times: %d programs were made, %d each time are enough", n+1, now, programs)
		}
		if now := p.amber(); now < light*.8 || now > light*1.25 {
			t.Errorf("lost %d times: it glows by %.4f, before by %.4f", n+1, now, light)
		}
	}
	p.Unharmed()
}
