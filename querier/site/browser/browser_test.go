package browser

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/glowmap/glow/querier/site"
	"github.com/glowmap/glow/querier/site/sitetest"
)

// patience is how long anything may take before it counts as broken.
const patience = 60 * time.Second

var chromium context.Context

func TestMain(m *testing.M) { os.Exit(run(m)) }

// run starts one browser for all tests; each has a tab of its own.
func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "glow-chromium-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.NoSandbox, chromedp.UserDataDir(dir), chromedp.Flag("disable-gpu", true), chromedp.Flag("no-first-run", true),
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("disable-renderer-backgrounding", true), chromedp.Flag("disable-background-timer-throttling", true),
		chromedp.Flag("disable-backgrounding-occluded-windows", true),
	)
	allocator, stop := chromedp.NewExecAllocator(context.Background(), options...)
	defer stop()
	var cancel context.CancelFunc
	chromium, cancel = chromedp.NewContext(allocator)
	defer cancel()
	if err := chromedp.Do(chromium); err != nil {
		fmt.Fprintf(os.Stderr, "start chromium: %v (install it: apt-get install chromium)\n", err)
		return 1
	}
	return m.Run()
}

// querier serves the site and a made-up API, as one origin.
func querier(t *testing.T) (*httptest.Server, *sitetest.Server) {
	api := sitetest.NewServer()
	mux := http.NewServeMux()
	mux.Handle("/", pages)
	mux.Handle("/v1/", api)
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s, api
}

var pages = site.Handler()

// tab is one open page.
type tab struct {
	t   *testing.T
	ctx context.Context

	mu       sync.Mutex
	faults   []string // exceptions and refusals
	requests []string
}

// open opens an address in a new tab of a browser that knows nothing yet.
func open(t *testing.T, address string) *tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(chromium, chromedp.WithNewBrowserContext())
	t.Cleanup(cancel)
	ctx, stop := context.WithTimeout(ctx, 2*patience)
	t.Cleanup(stop)
	p := &tab{t: t, ctx: ctx}
	p.size(1280, 800, 1)
	p.watch()
	p.open(address)
	return p
}

func (p *tab) open(address string) {
	p.t.Helper()
	do(p, chromedp.Navigate(address))
}

// size makes the window as wide and as high, in CSS pixels.
func (p *tab) size(width, height int64, scale float64) {
	p.t.Helper()
	do(p, chromedp.EmulateViewport(width, height, chromedp.EmulateScale(scale)))
}

// watch collects exceptions and addresses asked for.
func (p *tab) watch() {
	exceptions := chromedp.Events(p.ctx, runtime.ExceptionThrown)
	requests := chromedp.Events(p.ctx, network.RequestWillBeSent)
	do(p, func(ctx context.Context, target *chromedp.Target) (chromedp.Void, error) {
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

func do(p *tab, action chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	if err := chromedp.Do(p.ctx, action); err != nil {
		p.t.Fatal(err)
	}
}

// eval evaluates an expression in the page; a promise is waited for.
func eval[T any](p *tab, js string) T {
	p.t.Helper()
	v, err := chromedp.Run(p.ctx, chromedp.Evaluate[T](js, chromedp.EvalAwaitPromise))
	if err != nil {
		p.t.Fatalf("%.300s: %v", js, err)
	}
	return v
}

// until waits until an expression is true, over reloads of the page.
func (p *tab) until(js string) {
	p.t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for {
		is, err := chromedp.Run(p.ctx, chromedp.Evaluate[bool]("!!("+js+")"))
		if is {
			return
		}
		if err != nil && !strings.Contains(err.Error(), "navigated") {
			p.t.Fatalf("%s: %v", js, err)
		}
		select {
		case <-deadline:
			p.t.Fatalf("%s never came true: %.1500s", js, eval[string](p, `document.body.innerText`))
		case <-tick.C:
		}
	}
}

// unharmed fails the test if anything went wrong in the page or left the origin.
func (p *tab) unharmed(origin string) {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, f := range p.faults {
		p.t.Errorf("the page threw %s", f)
	}
	for _, r := range p.requests {
		u, err := url.Parse(r)
		if err == nil && u.Scheme != "data" && u.Scheme != "blob" && !strings.HasPrefix(r, origin+"/") {
			p.t.Errorf("the page asked %s", r)
		}
	}
}
