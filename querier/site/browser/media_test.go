package browser

import (
	"context"
	"testing"

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

// Where the viewer's system has its own colours, charts are drawn in them; who
// wants less motion gets none.
func TestWishes(t *testing.T) {
	t.Parallel()
	s, _ := querier(t)
	p := open(t, s.URL+"/dashboard#key=download&range=all")
	p.prefers("forced-colors", "active")
	p.until(settled)
	for what, js := range map[string]string{
		"colours are not forced":                 `matchMedia("(forced-colors: active)").matches`,
		"the total is transparent":               `getComputedStyle(document.getElementById("total")).color !== "rgba(0, 0, 0, 0)"`,
		"what is pressed looks like what is not": `getComputedStyle(document.querySelector(".kinds [aria-pressed=true]")).borderTopStyle !== getComputedStyle(document.querySelector(".kinds [aria-pressed=false]")).borderTopStyle`,
		"the chart is empty": `(() => { const c = document.querySelector("#ask-figure canvas"), d = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
			for (let i = 3; i < d.length; i += 4) if (d[i]) return true })()`,
	} {
		if !eval[bool](p, js) {
			t.Error(what)
		}
	}
	p.prefers("prefers-reduced-motion", "reduce")
	if moving := eval[int](p, `[...document.querySelectorAll("*")].filter((e) => parseFloat(getComputedStyle(e).transitionDuration) > 0).length`); moving > 0 {
		t.Errorf("%d elements move", moving)
	}
	p.unharmed(s.URL)
}
