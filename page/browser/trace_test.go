package browser

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/tracing"
	"github.com/chromedp/chromedp"
)

// traced is an event of Chromium's trace. Unlike the time that passed, that of the
// processor does not grow when others want the processor too.
type traced struct {
	Name string  `json:"name"`
	Pid  int     `json:"pid"`
	Tid  int     `json:"tid"`
	Tdur float64 `json:"tdur"` // of the thread's processor, in microseconds
}

// trace lists what Chromium notes in some categories while act goes on.
func (p *tab) trace(act func(), categories ...string) (events []traced) {
	p.t.Helper()
	done := make(chan struct{})
	ctx, stop := context.WithCancel(p.ctx) // of the listener
	defer stop()
	err := chromedp.Listen(ctx, func(ev any) {
		switch e := ev.(type) {
		case *tracing.EventDataCollected:
			for _, v := range e.Value {
				var event traced
				if json.Unmarshal(v, &event) == nil {
					events = append(events, event)
				}
			}
		case *tracing.EventTracingComplete:
			close(done)
		}
	})
	if err != nil {
		p.t.Fatal(err)
	}
	do(p, func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		config := &tracing.TraceConfig{IncludedCategories: categories}
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
	return events
}

const drawing = "FireAnimationFrame"

// frameCPU is how many ms of its processor the page's main thread took for the
// scripts of each frame while act went on, ascending.
func (p *tab) frameCPU(act func()) (ms []float64) {
	p.t.Helper()
	return cpu(p.trace(act, "devtools.timeline"), func(e traced) bool { return e.Name == drawing })
}

// taskCPU is how many it took for each of its tasks, among which are frames.
func (p *tab) taskCPU(act func()) (ms []float64) {
	p.t.Helper()
	events := p.trace(act, "devtools.timeline", "disabled-by-default-devtools.timeline", "toplevel")
	page := slices.IndexFunc(events, func(e traced) bool { return e.Name == drawing })
	if page < 0 {
		p.t.Fatal("no frame in the trace")
	}
	return cpu(events, func(e traced) bool {
		return e.Pid == events[page].Pid && e.Tid == events[page].Tid && (e.Name == "RunTask" || e.Name == "ThreadControllerImpl::RunTask")
	})
}

// cpu is what some events took of the processor, in ms, ascending.
func cpu(events []traced, which func(traced) bool) (ms []float64) {
	for _, e := range events {
		if which(e) {
			ms = append(ms, e.Tdur/1000)
		}
	}
	slices.Sort(ms)
	return ms
}
