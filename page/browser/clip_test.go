package browser

import (
	"strings"
	"testing"
)

// A clip is a film of the map that plays and has frames of the size of the map.
func TestClip(t *testing.T) {
	p := openAtPace(t, 900, 500, .5, site(t, quietFeed()).URL+"/?render=gl", `{ const real = setTimeout; globalThis.setTimeout = (f, ms, ...more) => real(f, ms === 10_000 ? 3000 : ms, ...more) }`)
	p.until(ready)
	eval[any](p, `{ URL.revokeObjectURL = () => {}; HTMLAnchorElement.prototype.click = function () { globalThis.saved = [this.download, this.href] } }`)
	p.press("s")
	p.until(dialogOpen)
	eval[any](p, `{ [...document.querySelectorAll("dialog button")].find((b) => b.textContent === "Record 10 seconds").click() }`)
	p.until(`globalThis.saved`)
	film := eval[[]float64](p, `new Promise((done) => {
		const v = document.createElement("video");
		v.onerror = () => done([0, 0, 0]);
		v.onended = () => done([v.videoWidth, v.videoHeight, v.getVideoPlaybackQuality().totalVideoFrames]); // shown or not
		v.muted = true;
		v.playbackRate = 4;
		v.src = saved[1];
		v.play().catch(() => done([-1, 0, 0]));
	})`)
	canvas := eval[[]float64](p, `[glow.scene.canvas.width, glow.scene.canvas.height]`)
	if film[0] != canvas[0] || film[1] != canvas[1] || film[2] < 2 {
		t.Errorf("the film is %v: width, height, frames; the map is %v", film, canvas)
	}
	if name := eval[string](p, `saved[0]`); !strings.HasPrefix(name, "glow-20") || !strings.HasSuffix(name, ".mp4") && !strings.HasSuffix(name, ".webm") {
		t.Errorf("it is saved as %s", name)
	}
	p.until(`document.querySelector("dialog").textContent.includes("Record 10 seconds")`)
	p.Unharmed()
}
