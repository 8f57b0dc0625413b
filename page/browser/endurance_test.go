package browser

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/heapprofiler"
	"github.com/chromedp/chromedp"
)

// patience is how long a tab may be open.
var patience = 6 * time.Minute

// countObjects counts what the page holds of WebGL: what is made and not yet
// deleted.
const countObjects = `{ globalThis.alive = {};
	const gl = WebGL2RenderingContext.prototype;
	for (const kind of ["Buffer", "Texture", "Framebuffer", "Program", "Shader", "VertexArray"]) {
		alive[kind] = 0;
		const [make, drop] = [gl["create" + kind], gl["delete" + kind]];
		gl["create" + kind] = function (...a) { alive[kind]++; return make.apply(this, a) };
		gl["delete" + kind] = function (...a) { alive[kind]--; return drop.apply(this, a) };
	} }`

// heap is what the page holds in memory, in bytes, after it has been cleaned up.
func heap(p *tab) int {
	do(p, func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, target, heapprofiler.CollectGarbage, cdp.Empty{})
		return chromedp.Void{}, err
	})
	return eval[int](p, `performance.memory.usedJSHeapSize`)
}

// A day at 60 times its speed leaves nothing behind: memory, objects of WebGL,
// exceptions. By default it is a few minutes of that day; GLOW_ENDURANCE=24m is
// all of it.
func TestEndurance(t *testing.T) {
	t.Parallel()
	long := 5 * time.Second
	if v := os.Getenv("GLOW_ENDURANCE"); v != "" {
		var err error
		if long, err = time.ParseDuration(v); err != nil {
			t.Fatalf("GLOW_ENDURANCE: %v", err)
		}
		patience = long + 5*time.Minute
	}
	const margin = 6 * time.Hour // a machine that is slow must not reach the present
	feed, _ := feedBy(1, 600, 60*long+margin+time.Hour)
	p := openAt(t, 320, 240, .5, site(t, feed).URL+"/?render=gl", countObjects)
	p.until(ready)
	eval[any](p, fmt.Sprintf(`glow.app.seek(glow.app.present() - %d); glow.timebar.speed(60)`, (60*long+margin).Milliseconds()))
	p.until(`glow.app.state === "replay" && glow.app.speed === 60 && glow.scene.sparks.count > 0`)
	at := eval[float64](p, `glow.app.at`)
	const steps = 12
	var heaps []int
	objects := ""
	tick := time.NewTicker(long / steps)
	defer tick.Stop()
	for i := range steps {
		<-tick.C
		heaps = append(heaps, heap(p))
		now := eval[string](p, `JSON.stringify(alive)`)
		if objects != "" && now != objects {
			t.Errorf("objects of WebGL: %s, then %s", objects, now)
		}
		objects = now
		t.Logf("%2d: %.1f h, %.2f MB, %d sparks held", i+1, (eval[float64](p, `glow.app.at`)-at)/3.6e6, float64(heaps[i])/1e6, eval[int](p, `glow.scene.sparks.count`))
	}
	t.Logf("objects of WebGL: %s", objects)
	p.until(fmt.Sprintf(`glow.app.at - %f > %d`, at, 30*long.Milliseconds())) // half the pace will do
	// A third of a day fills all caches; from then on memory is flat.
	if third, last := heaps[steps/3], heaps[steps-1]; long > time.Minute && last > third+third/4+1e6 {
		t.Errorf("the heap grew from %.2f to %.2f MB", float64(third)/1e6, float64(last)/1e6)
	}
	if state := eval[string](p, `glow.app.state`); state != "replay" {
		t.Errorf("it is %s", state)
	}
	p.Unharmed()
}
