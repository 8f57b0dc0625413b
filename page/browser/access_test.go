package browser

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// prefers emulates a wish that viewers tell their browser.
func (p *tab) prefers(name, value string) {
	p.t.Helper()
	do(p, func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, target, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
			Features: []*emulation.MediaFeature{{Name: name, Value: value}},
		})
		return chromedp.Void{}, err
	})
}

// filled is true once the interface shows all that it has, which then stays.
const filled = ready + ` && document.querySelectorAll("#rank button").length > 3 && document.querySelectorAll("#continents dt").length > 3 && (glow.tick = () => {})`

// Those who listen are told the numbers once a minute and not more often, and
// a change of state soon after it.
func TestAnnouncements(t *testing.T) {
	t.Parallel()
	const k = 24
	feed, _ := feedBy(k, 600, 3*time.Hour)
	p := open(t, site(t, feed).URL+"/?render=splat", hastenBy(k))
	p.until(ready)
	eval[any](p, `{ const e = document.getElementById("summary"); globalThis.said = [];
		new MutationObserver(() => said.push({At: frameTime, Text: e.textContent})).observe(e, {childList: true, characterData: true, subtree: true}) }`)
	p.until(`said.length >= 3`)
	type word struct {
		At   float64
		Text string
	}
	words := eval[[]word](p, `said`)
	state := func(w word) string { return w.Text[strings.LastIndex(w.Text, ". "):] }
	for i, w := range words {
		if !strings.Contains(w.Text, "downloads until") || !strings.Contains(w.Text, "Most from") {
			t.Fatalf("it says %q", w.Text)
		}
		if i == 0 {
			continue
		}
		least := 60_000.
		if state(w) != state(words[i-1]) {
			least = 5000
		}
		if after := w.At - words[i-1].At; after < least {
			t.Errorf("%q comes %.0f ms after the last word", w.Text, after)
		}
	}
	if role := eval[string](p, `document.getElementById("summary").getAttribute("role")`); role != "status" {
		t.Errorf("the summary is a %s", role)
	}
	eval[any](p, `{ said.length = 0; glow.timebar.toggle() }`)
	p.until(`said.some((w) => w.Text.includes("Paused here"))`)
	p.Unharmed()
}

// Those who listen find the numbers in tables and lists, and nothing that
// changes ten times a second.
func TestTablesForListeners(t *testing.T) {
	t.Parallel()
	feed, _ := fastFeed(600, 3*time.Hour)
	p := open(t, site(t, feed).URL+"/?render=splat", hasten)
	p.until(filled)
	for what, js := range map[string]string{
		"the counter is read out":               `!document.getElementById("total").ariaHidden`,
		"the ranking has no head":               `document.querySelectorAll("table th[scope=col]").length < 2`,
		"a row has no head":                     `document.querySelectorAll("#rank tr").length !== document.querySelectorAll("#rank th[scope=row]").length`,
		"a continent has no number":             `document.querySelectorAll("#continents dt").length !== document.querySelectorAll("#continents dd").length`,
		"the time bar does not say its moment":  `!document.getElementById("scrub").getAttribute("aria-valuetext")`,
		"the map does not say what keys it has": `!document.getElementById("map").ariaLabel.includes("Arrow keys")`,
		"the page does not say its language":    `document.documentElement.lang === ""`,
	} {
		if eval[bool](p, js) {
			t.Error(what)
		}
	}
	p.Unharmed()
}

// Where the viewer's system has its own colours, nothing is lost.
func TestForcedColours(t *testing.T) {
	t.Parallel()
	feed, _ := fastFeed(600, 3*time.Hour)
	p := open(t, site(t, feed).URL+"/?render=splat", hasten)
	p.prefers("forced-colors", "active")
	p.until(filled)
	for what, js := range map[string]string{
		"colours are not forced":                     `!matchMedia("(forced-colors: active)").matches`,
		"the total is transparent":                   `getComputedStyle(document.getElementById("total")).color === "rgba(0, 0, 0, 0)"`,
		"what is pressed looks like what is not":     `getComputedStyle(document.querySelector("nav [aria-pressed=true]")).borderTopStyle === getComputedStyle(document.querySelector("nav [aria-pressed=false]")).borderTopStyle`,
		"bars are gone":                              `getComputedStyle(document.querySelector(".bar i"), "::before").backgroundColor === getComputedStyle(document.body).backgroundColor`,
		"the curve has the colour of the background": `getComputedStyle(document.getElementById("chart-line")).stroke === getComputedStyle(document.documentElement).backgroundColor`,
	} {
		if eval[bool](p, js) {
			t.Error(what)
		}
	}
	p.Unharmed()
}

// Viewers who want less motion get no sparks and nothing that moves by itself,
// as soon as they say so.
func TestReducedMotion(t *testing.T) {
	t.Parallel()
	feed, _ := fastFeed(600, 3*time.Hour)
	p := open(t, site(t, feed).URL+"/?render=gl", hasten)
	p.until(ready + ` && glow.scene.stats().sparkDraws === 1`)
	p.prefers("prefers-reduced-motion", "reduce")
	p.until(`glow.scene.stats().sparkDraws === 0 && glow.scene.stats().embers > 0`)
	p.press("g")
	p.until(`glow.scene.camera.globe`)
	if morph := eval[float64](p, `new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(glow.scene.camera.morph))))`); morph != 1 {
		t.Errorf("the map morphs: %v", morph)
	}
	turned := eval[float64](p, `new Promise((done) => { const lon = glow.scene.camera.lon; setTimeout(() => done(glow.scene.camera.lon - lon), 3000) })`)
	if running := eval[int](p, `document.getAnimations().filter((a) => a.playState === "running").length`); running > 0 || turned != 0 {
		t.Errorf("%d animations run, the globe turned by %v", running, turned)
	}
	p.prefers("prefers-reduced-motion", "no-preference")
	p.until(`glow.scene.stats().sparkDraws === 1`)
	p.Unharmed()
}

// Without script there is a note with a link to the numbers.
func TestWithoutScript(t *testing.T) {
	t.Parallel()
	server := site(t, quietFeed())
	p := open(t, "about:blank")
	do(p, func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, target, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
		return chromedp.Void{}, err
	})
	do(p, chromedp.Navigate(server.URL))
	links := eval[[]string](p, `[...document.querySelectorAll(".noscript a")].filter((a) => a.checkVisibility()).map((a) => a.href)`)
	if len(links) != 2 {
		t.Fatalf("the note links to %q", links)
	}
	for _, link := range links {
		r, err := http.Get(link)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(r.Body)
		r.Body.Close()
		if err != nil || r.StatusCode != http.StatusOK || !json.Valid(body) {
			t.Errorf("%s: %s %v", link, r.Status, err)
		}
	}
}
