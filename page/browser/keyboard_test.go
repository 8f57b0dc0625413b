package browser

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// where describes the element that has the focus: which one it is, and whether
// it is seen to have it.
const where = `(() => {
	const e = document.activeElement, s = getComputedStyle(e), b = e.getBoundingClientRect();
	const seen = e.matches(":focus-visible") && s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2 &&
		b.width > 0 && b.height > 0 && b.left >= 0 && b.top >= 0 && b.right <= innerWidth + 1 && b.bottom <= innerHeight + 1;
	return [e === document.body ? "" : e.id || e.dataset.view || e.dataset.kind || e.dataset.span || e.dataset.code || e.textContent.trim() || e.tagName, String(seen)];
})()`

// tabs presses Tab, with modifiers, until the focus has left the page or is
// where it began, and lists where it was. What is not seen to have it is an error.
func (p *tab) tabs(modifiers ...chromedp.Modifier) (order []string) {
	p.t.Helper()
	for range 80 {
		do(p, chromedp.KeyEvent(kb.Tab, chromedp.KeyModifiers(modifiers...)))
		at := eval[[]string](p, where)
		if at[0] == "" || len(order) > 0 && at[0] == order[0] {
			return order
		}
		if at[1] != "true" {
			p.t.Errorf("%s has the focus and does not show it", at[0])
		}
		order = append(order, at[0])
	}
	p.t.Errorf("a trap: %v", order)
	return order
}

// to presses Tab until the focus is where a selector says.
func (p *tab) to(selector string) {
	p.t.Helper()
	for range 80 {
		if eval[bool](p, fmt.Sprintf(`document.activeElement.matches(%q)`, selector)) {
			return
		}
		p.press(kb.Tab)
	}
	p.t.Fatalf("no way to %s by Tab", selector)
}

// use goes to an element by Tab, presses a key there and waits for what it does.
func (p *tab) use(selector, key, until string) {
	p.t.Helper()
	p.to(selector)
	p.press(key)
	p.until(until)
}

// Tab goes through everything that can be used, in the order in which it is
// read, back again, and out.
func TestTabOrder(t *testing.T) {
	t.Parallel()
	feed, _ := fastFeed(600, 3*time.Hour)
	p := open(t, site(t, feed).URL+"/?render=splat", hasten)
	p.until(ready + ` && document.querySelectorAll("#rank button").length > 3`)
	eval[any](p, `{ glow.app.player.toggle(); glow.refresh(); glow.tick = () => {} }`) // so that the ranking stays
	there := p.tabs()
	want := eval[[]string](p, `[...document.querySelectorAll("a[href], button, select, input, [tabindex='0']")].filter((e) => e.checkVisibility()).map((e) =>
		e.id || e.dataset.view || e.dataset.kind || e.dataset.span || e.dataset.code || e.textContent.trim())`)
	if fmt.Sprint(there) != fmt.Sprint(want) {
		t.Errorf("Tab goes\n%q, the page has\n%q", there, want)
	}
	if back := p.tabs(chromedp.ModifierShift); len(back) != len(there) || back[0] != there[len(there)-1] {
		t.Errorf("back it goes %q", back)
	}
	p.Unharmed()
}

// Every function is reached by Tab and used by Enter, Space and arrows.
func TestKeyboardAlone(t *testing.T) {
	t.Parallel()
	feed, _ := fastFeed(120, 30*time.Hour)
	p := open(t, site(t, feed).URL+"/?render=splat", hasten)
	p.until(ready)
	p.press(kb.Tab)
	p.use(".skip", kb.Enter, `document.activeElement.id === "numbers" || location.hash === "#numbers"`)
	p.use("#about", kb.Enter, dialogOpen)
	p.closes("#about")
	p.use("#state", kb.Enter, dialogOpen)
	p.closes("#state")
	p.use("[data-kind=regions]", " ", `document.querySelector("#rank button")?.dataset.code.includes("-")`)
	p.use("[data-span=today]", kb.Enter, `document.querySelector("[data-span=today]").ariaPressed === "true"`)
	p.use("#rank button", kb.Enter, `glow.ranks.selected.length === 2 && glow.scene.selected >= 0 && !document.getElementById("tip").hidden`)
	p.use("#play", " ", `glow.app.state === "frozen"`)
	at := eval[float64](p, `glow.app.at`)
	p.to("#scrub") // whose thumb follows the present until the next frame
	wait(p, func() bool {
		p.press(kb.ArrowLeft)
		return eval[bool](p, fmt.Sprintf(`glow.app.at < %f`, at))
	})
	p.use("select#span", kb.ArrowDown, `document.getElementById("span").value === "86400"`)
	p.to("#scrub") // back by hours, which no replay catches up with meanwhile
	p.press(kb.Home)
	p.until(`glow.app.present() - glow.app.at > 36e5 * 20`)
	p.use("#speed", kb.ArrowDown, `glow.app.speed === 10 && glow.app.state === "replay"`)
	p.use("#clock", kb.Enter, `document.activeElement.type === "datetime-local"`)
	p.closes("#clock")
	p.use("#golive", kb.Enter, `glow.app.state === "live"`)
	p.use("#map", kb.Enter, `glow.ranks.selected !== undefined`)
	p.press("+")
	p.until(`glow.scene.camera.zoom > 1.2`)
	x := eval[float64](p, `glow.scene.camera.panX`)
	p.press(kb.ArrowRight)
	p.until(fmt.Sprintf(`glow.scene.camera.panX > %f`, x))
	p.press("0")
	p.until(`glow.scene.camera.zoom < 1.01`)
	p.use("[data-view=globe]", kb.Enter, `glow.scene.camera.morph > .99`)
	p.use("[data-view=map]", " ", `glow.scene.camera.morph < .01`)
	p.use("#menu", kb.Enter, dialogOpen)
	p.use("dialog [aria-pressed]", " ", `document.querySelector("dialog [aria-pressed]").ariaPressed === "true"`)
	p.press(" ")
	p.until(`document.querySelector("dialog [aria-pressed]").ariaPressed === "false"`)
	if order := p.tabs(); len(order) > 12 {
		t.Errorf("the focus leaves the dialog: %q", order)
	}
	p.use("dialog button", kb.Enter, `document.querySelector("dialog textarea")`) // share
	p.press(kb.Escape)
	p.until(dialogGone)
	p.use("[data-view=wall]", kb.Enter, `document.body.classList.contains("wall")`)
	p.press(kb.Escape)
	p.until(`!document.body.classList.contains("wall")`)
	p.Unharmed()
}

// closes closes the dialog by Escape; the focus is then where it came from.
func (p *tab) closes(opener string) {
	p.t.Helper()
	if !eval[bool](p, `!!document.activeElement.closest("dialog")`) {
		p.t.Errorf("the focus is not in the dialog of %s", opener)
	}
	p.press(kb.Escape)
	p.until(dialogGone)
	p.until(fmt.Sprintf(`document.activeElement.matches(%q)`, opener))
}

// Every function has a key of its own.
func TestShortcuts(t *testing.T) {
	t.Parallel()
	feed, _ := fastFeed(600, 3*time.Hour)
	p := open(t, site(t, feed).URL+"/?render=splat", hasten)
	p.until(ready)
	p.press(" ")
	p.until(`glow.app.state === "frozen"`)
	at := eval[float64](p, `glow.app.at`)
	p.press(kb.ArrowLeft)
	p.until(fmt.Sprintf(`Math.abs(glow.app.at - %f + 10000) < 50`, at))
	p.press(" ")
	p.until(`glow.app.state === "replay"`)
	p.press("l")
	p.until(`glow.app.state === "live"`)
	p.press("g")
	p.until(`glow.scene.camera.morph > .99`)
	p.press("m")
	p.until(`glow.scene.camera.morph < .01`)
	eval[any](p, `glow.timebar.seek(glow.app.at - 36e5)`) // far from the present, which ends a replay
	p.press(">")
	p.until(`glow.app.speed === 10 && glow.app.state === "replay"`)
	p.press("<")
	p.until(`glow.app.speed === 1`)
	p.press("l")
	p.press("w")
	p.until(`document.body.classList.contains("wall")`)
	p.press(kb.Escape)
	p.until(`!document.body.classList.contains("wall")`)
	for key, title := range map[string]string{"?": "What the numbers mean", "j": "Jump to a moment", "s": "Share"} {
		p.press(key)
		p.until(fmt.Sprintf(`document.querySelector("dialog[open] h2")?.textContent === %q`, title))
		p.press(kb.Escape)
		p.until(dialogGone)
	}
	p.Unharmed()
}
