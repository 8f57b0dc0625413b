// Package browsertest drives a real Chromium for the tests of pages: one
// browser for all of them, and a tab for each that knows nothing of the others.
package browsertest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// flags are those of every browser: it stays quiet, and a tab that nobody looks
// at runs like one that is seen.
var flags = []string{
	"disable-background-networking", "disable-component-update", "disable-sync", "no-first-run",
	"disable-renderer-backgrounding", "disable-background-timer-throttling", "disable-backgrounding-occluded-windows",
}

// Run starts Chromium, gives it to with, which runs the tests, and ends it. It
// returns what with does, or 1.
func Run(with func(chromium context.Context) int, more ...chromedp.ExecAllocatorOption) int {
	dir, err := os.MkdirTemp("", "glow-chromium-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.UserDataDir(dir))
	for _, name := range flags {
		options = append(options, chromedp.Flag(name, true))
	}
	allocator, stop := chromedp.NewExecAllocator(context.Background(), append(options, more...)...)
	defer stop()
	chromium, cancel := chromedp.NewContext(allocator)
	defer cancel()
	if err := chromedp.Do(chromium); err != nil {
		fmt.Fprintf(os.Stderr, "start chromium: %v (install it: apt-get install chromium)\n", err)
		return 1
	}
	return with(chromium)
}

// Tab is one open page.
type Tab struct {
	T   *testing.T
	Ctx context.Context

	mu       sync.Mutex
	faults   []string // exceptions and refusals
	requests []string
}

// Open opens a tab, which is closed with the test, and at the latest when so
// much time is over.
func Open(t *testing.T, chromium context.Context, patience time.Duration) *Tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(chromium, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	ctx, stop := context.WithTimeout(ctx, patience)
	t.Cleanup(stop)
	p := &Tab{T: t, Ctx: ctx}
	p.watch()
	return p
}

// Do does something in the tab.
func (p *Tab) Do(action chromedp.Action[chromedp.Void]) {
	p.T.Helper()
	if err := chromedp.Do(p.Ctx, action); err != nil {
		p.T.Fatal(err)
	}
}

// Size makes the window as wide and as high, in CSS pixels.
func (p *Tab) Size(width, height int64, scale float64) {
	p.T.Helper()
	p.Do(chromedp.EmulateViewport(width, height, chromedp.EmulateScale(scale)))
}

// Before has a script run in every page before its own.
func (p *Tab) Before(script string) {
	p.T.Helper()
	p.Do(func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, target, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: script})
		return chromedp.Void{}, err
	})
}

// watch collects exceptions, refusals by the Content-Security-Policy and
// addresses asked for.
func (p *Tab) watch() {
	exceptions := chromedp.Events(p.Ctx, runtime.ExceptionThrown)
	requests := chromedp.Events(p.Ctx, network.RequestWillBeSent)
	p.Do(func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
		_, err := cdp.Call(ctx, target, network.Enable, network.EnableParams{})
		return chromedp.Void{}, err
	})
	note := func(list *[]string, text string) {
		p.mu.Lock()
		defer p.mu.Unlock()
		*list = append(*list, text)
	}
	go func() {
		for e, err := range exceptions {
			if err != nil {
				return
			}
			note(&p.faults, (&chromedp.ExceptionError{ExceptionDetails: e.ExceptionDetails}).Error())
		}
	}()
	go func() {
		for e, err := range requests {
			if err != nil {
				return
			}
			note(&p.requests, e.Request.URL)
		}
	}()
}

// Eval evaluates an expression in the page; a promise is waited for.
func Eval[T any](p *Tab, js string) T {
	p.T.Helper()
	v, err := chromedp.Run(p.Ctx, chromedp.Evaluate[T](js, chromedp.EvalAwaitPromise))
	if err != nil {
		p.T.Fatalf("%.300s: %v", js, err)
	}
	return v
}

// Unharmed fails the test if anything went wrong in the page.
func (p *Tab) Unharmed() {
	p.T.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, f := range p.faults {
		p.T.Errorf("the page threw %s", f)
	}
}

// Elsewhere lists requests that left the origin.
func (p *Tab) Elsewhere(origin string) (out []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range p.requests {
		u, err := url.Parse(r)
		if err == nil && u.Scheme != "data" && u.Scheme != "blob" && !strings.HasPrefix(r, origin+"/") {
			out = append(out, r)
		}
	}
	return out
}
