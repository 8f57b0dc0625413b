package browser

import (
	"testing"
	"time"

	"github.com/glowmap/glow/page/bundle"
)

// Sound is off until it is asked for, sounds, and stops.
func TestSound(t *testing.T) {
	t.Parallel()
	feed, _ := fastFeed(6000, 3*time.Hour)
	p := open(t, site(t, feed).URL+"/?render=splat", hasten, `{ globalThis.made = []; globalThis.tones = 0;
		const Real = AudioContext;
		globalThis.AudioContext = class extends Real { constructor(...a) { super(...a); made.push(this) } };
		const start = OscillatorNode.prototype.start;
		OscillatorNode.prototype.start = function (...a) { tones++; return start.apply(this, a) } }`)
	p.until(ready)
	if n := eval[int](p, `made.length`); n != 0 {
		t.Error("it sounds unasked")
	}
	sound := `document.querySelector("dialog [aria-pressed]")`
	p.use("#menu", " ", dialogOpen)
	p.use("dialog [aria-pressed]", " ", sound+`.ariaPressed === "true" && made.length === 1 && made[0].state === "running"`)
	p.until(`tones > 2`)
	p.press(" ")
	p.until(sound + `.ariaPressed === "false" && made[0].state === "closed"`)
	p.Unharmed()
}

// A link to the page has a title, a text and a picture wherever it is shown.
func TestPreview(t *testing.T) {
	t.Parallel()
	settings := bundle.Defaults()
	settings["title"] = `Fire & "Fox"`
	built, err := bundle.Build(bundle.Options{Settings: settings, URL: "https://downloads.example.org/"})
	if err != nil {
		t.Fatal(err)
	}
	server := serve(t, built, quietFeed())
	p := open(t, server.URL+"/?render=splat")
	p.until(`document.title`)
	for property, want := range map[string]string{
		"og:title": `Fire & "Fox"`, "og:url": "https://downloads.example.org/", "og:image": "https://downloads.example.org/og.jpg",
		"og:description": "A live map of every download in the world.", "og:type": "website",
	} {
		if got := eval[string](p, `document.querySelector('meta[property="`+property+`"]')?.content ?? ""`); got != want {
			t.Errorf("%s is %q, want %q", property, got, want)
		}
	}
	size := eval[[]int](p, `new Promise((done) => { const i = new Image(); i.onerror = () => done([0, 0]); i.onload = () => done([i.width, i.height]); i.src = "og.jpg" })`)
	if size[0] != 1200 || size[1] != 630 {
		t.Errorf("its picture is %v", size)
	}
}
