package browser

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/glowmap/glow/page/browsertest"
	"github.com/glowmap/glow/querier/site"
	"github.com/glowmap/glow/querier/site/sitetest"
)

// patience is how long anything may take before it counts as broken.
const patience = 60 * time.Second

var chromium context.Context

func TestMain(m *testing.M) { os.Exit(run(m)) }

// run starts one browser for all tests; each has a tab of its own.
func run(m *testing.M) int {
	return browsertest.Run(func(started context.Context) int { chromium = started; return m.Run() }, chromedp.Flag("disable-gpu", true))
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
	*browsertest.Tab
	t   *testing.T
	ctx context.Context
}

// open opens an address in a new tab of a browser that knows nothing yet.
func open(t *testing.T, address string) *tab {
	t.Helper()
	inner := browsertest.Open(t, chromium, 2*patience)
	p := &tab{inner, t, inner.Ctx}
	p.Size(1280, 800, 1)
	p.open(address)
	return p
}

func (p *tab) open(address string) {
	p.t.Helper()
	do(p, chromedp.Navigate(address))
}

func do(p *tab, action chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	p.Do(action)
}

// eval evaluates an expression in the page; a promise is waited for.
func eval[T any](p *tab, js string) T {
	p.t.Helper()
	return browsertest.Eval[T](p.Tab, js)
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
	p.Unharmed()
	for _, r := range p.Elsewhere(origin) {
		p.t.Errorf("the page asked %s", r)
	}
}
