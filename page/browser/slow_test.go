package browser

import (
	"context"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
)

// watchPaints records when the largest thing was painted and how much was
// shifted by what came later.
const watchPaints = `{ globalThis.paint = { largest: 0, shifts: 0, moved: [] };
	const watch = (type, take) => new PerformanceObserver((list) => list.getEntries().forEach(take)).observe({ type, buffered: true });
	watch("largest-contentful-paint", (e) => { paint.largest = e.startTime });
	watch("layout-shift", (e) => {
		if (e.hadRecentInput) return;
		paint.shifts += e.value;
		for (const { node, previousRect: a, currentRect: b } of e.sources) paint.moved.push((node?.id || node?.className || node?.nodeName) + " from " + a.y + " to " + b.y);
	}) }`

// slow makes the tab's network and processor those of a telephone: 1.6 Mbit/s,
// 150 ms, a quarter of this machine's pace.
func (p *tab) slow() {
	p.t.Helper()
	do(p, func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		conditions := &network.Conditions{Latency: 150, DownloadThroughput: 200_000, UploadThroughput: 200_000}
		_, err := cdp.Call(ctx, target, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{MatchedNetworkConditions: []*network.Conditions{conditions}})
		if err != nil {
			return chromedp.Void{}, err
		}
		_, err = cdp.Call(ctx, target, emulation.SetCPUThrottlingRate, emulation.SetCPUThrottlingRateParams{Rate: 4})
		return chromedp.Void{}, err
	})
}

// On a slow telephone nothing moves while the page comes; how long that takes is
// told, and worth reading on a quiet machine only.
func TestSlowTelephone(t *testing.T) {
	feed, _ := feedBy(1, 12000, 70*time.Minute)
	server := site(t, feed)
	for _, render := range []string{"gl", "splat"} {
		p := openAtPace(t, 390, 844, 1, "about:blank", watchPaints)
		p.slow()
		do(p, chromedp.Navigate(server.URL+"/?render="+render))
		p.until(ready + ` && document.querySelectorAll("#rank button").length > 3 && performance.getEntriesByName("first-glow").length > 0`)
		ms := eval[[]float64](p, `[paint.largest, performance.getEntriesByName("first-glow")[0].startTime, paint.shifts]`)
		t.Logf("%s: largest paint after %.0f ms, first glow after %.0f ms, layout shift %.4f", render, ms[0], ms[1], ms[2])
		if ms[2] > .02 {
			t.Errorf("%s: the layout shifts by %.4f: %s", render, ms[2], eval[string](p, `paint.moved.join(", ")`))
		}
		p.Unharmed()
	}
}
