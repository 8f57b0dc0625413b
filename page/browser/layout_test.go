package browser

import (
	"fmt"
	"testing"
	"time"
)

// collisions lists texts that lie over each other, over the edge of the page, or
// are cut off: by the boxes of their letters as they are laid out. What is
// hidden, or meant only for those who listen, does not count; nor does a text
// that ends in dots by design, if its whole is to be read elsewhere.
const collisions = `(() => {
	const out = [], boxes = [];
	const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	for (let n; (n = walker.nextNode()); ) {
		const e = n.parentElement;
		if (!n.data.trim() || !e.checkVisibility({opacityProperty: true, visibilityProperty: true}) || e.closest(".vh, .skip, noscript, option, dialog:not([open])")) continue;
		const range = document.createRange();
		range.selectNodeContents(n);
		for (const r of range.getClientRects()) {
			if (r.width < 1 || r.height < 1) continue;
			const free = r.height * .18; // above capitals and below the line that they stand on
			boxes.push({n, e, text: n.data.trim().slice(0, 30), l: r.left, r: r.right, t: r.top + free, b: r.bottom - free});
		}
	}
	for (const s of document.querySelectorAll("select")) {
		if (!s.checkVisibility()) continue;
		const r = s.getBoundingClientRect();
		boxes.push({n: s, e: s, text: s.id, l: r.left, r: r.right, t: r.top, b: r.bottom});
	}
	const cut = (e) => { for (; e; e = e.parentElement) if (getComputedStyle(e).textOverflow === "ellipsis") return true; return false };
	for (const b of boxes) {
		if (cut(b.e)) continue;
		if (b.l < -1 || b.r > document.documentElement.clientWidth + 1) out.push("beyond the edge: " + b.text);
	}
	const layer = (e) => e.closest("dialog[open]") ? 2 : e.closest("footer") ? 1 : 0;
	for (let i = 0; i < boxes.length; i++) for (let j = i + 1; j < boxes.length; j++) {
		const [a, b] = [boxes[i], boxes[j]];
		if (a.n === b.n || layer(a.e) !== layer(b.e) || cut(a.e) || cut(b.e)) continue;
		const w = Math.min(a.r, b.r) - Math.max(a.l, b.l), h = Math.min(a.b, b.b) - Math.max(a.t, b.t);
		if (w > 2 && h > 2) out.push(a.text + " lies over " + b.text);
	}
	if (document.documentElement.scrollWidth > innerWidth) out.push("the page is too wide by " + (document.documentElement.scrollWidth - innerWidth));
	for (const e of document.querySelectorAll("nav button, footer button, .tabs button, #state")) {
		if (e.checkVisibility() && e.scrollWidth > e.clientWidth + 1) out.push("cut off: " + e.textContent.trim());
	}
	return out;
})()`

// No text lies over another or leaves the page, in any language, from the
// narrowest telephone to the widest screen.
func TestLayout(t *testing.T) {
	t.Parallel()
	for _, lang := range []string{"ar", "de", "en", "es", "fr", "he", "it", "ja", "ko", "pl", "pt", "ru", "tr", "zh"} {
		t.Run(lang, func(t *testing.T) {
			t.Parallel()
			feed, _ := fastFeed(600, 3*time.Hour)
			p := openAt(t, 320, 568, coarse, site(t, feed).URL+"/?render=splat&lang="+lang, hasten)
			p.until(ready + ` && document.querySelectorAll("#rank button").length > 3 && document.querySelectorAll("#continents dt").length > 3`)
			eval[any](p, `glow.scene.render = () => {}`)
			p.fits("live", [][2]int64{{320, 568}, {390, 844}, {844, 390}, {1366, 768}, {3840, 2160}, {3440, 1440}})
			p.press(" ")
			p.badge("frozen")
			p.fits("paused", [][2]int64{{320, 568}, {1024, 768}})
			for _, key := range []string{"?", "s"} {
				p.press(key)
				p.until(dialogOpen)
				p.fits("dialog "+key, [][2]int64{{320, 568}})
				eval[any](p, `document.querySelector("dialog").close()`)
				p.until(dialogGone)
			}
			p.Unharmed()
		})
	}
}

// fits looks for collisions at some sizes of the window.
func (p *tab) fits(state string, sizes [][2]int64) {
	p.t.Helper()
	for _, size := range sizes {
		p.Size(size[0], size[1], coarse)
		for _, c := range eval[[]string](p, collisions) {
			p.t.Errorf("%s at %s: %s", state, fmt.Sprintf("%d × %d", size[0], size[1]), c)
		}
	}
}
