package browser

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/tracing"
	"github.com/chromedp/chromedp"
)

// frameCPU is how many ms of its processor the page's main thread took for the
// scripts of each frame while act went on, ascending: unlike the time that
// passed, it does not grow when others want the processor too. From Chromium's
// trace: the tdur of FireAnimationFrame, in microseconds.
func (p *tab) frameCPU(act func()) (ms []float64) {
	p.t.Helper()
	done := make(chan struct{})
	err := chromedp.Listen(p.ctx, func(ev any) {
		switch e := ev.(type) {
		case *tracing.EventDataCollected:
			for _, v := range e.Value {
				var event struct {
					Name string  `json:"name"`
					Tdur float64 `json:"tdur"`
				}
				if json.Unmarshal(v, &event) == nil && event.Name == "FireAnimationFrame" {
					ms = append(ms, event.Tdur/1000)
				}
			}
		case *tracing.EventTracingComplete:
			close(done)
		}
	})
	if err != nil {
		p.t.Fatal(err)
	}
	config := &tracing.TraceConfig{IncludedCategories: []string{"devtools.timeline"}}
	do(p, func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, target, tracing.Start, tracing.StartParams{TransferMode: tracing.StartTransferModeReportEvents, TraceConfig: config})
		return chromedp.Void{}, err
	})
	act()
	do(p, func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, target, tracing.End, cdp.Empty{})
		return chromedp.Void{}, err
	})
	select {
	case <-done:
	case <-p.ctx.Done():
		p.t.Fatal("the trace does not end")
	}
	slices.Sort(ms)
	return ms
}
