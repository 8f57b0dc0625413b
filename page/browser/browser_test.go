package browser

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/glowmap/glow/page/browsertest"
	"github.com/glowmap/glow/page/bundle"
	"github.com/glowmap/glow/page/feedtest"
	"github.com/glowmap/glow/page/store"
)

var (
	chromium context.Context
	files    []bundle.File
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

// run starts one browser for all tests; each has a tab of its own.
func run(m *testing.M) int {
	settings := bundle.Defaults()
	settings["title"] = "Firefox 4"
	var err error
	if files, err = bundle.Build(bundle.Options{Settings: settings}); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return browsertest.Run(
		func(started context.Context) int { chromium = started; return m.Run() },
		chromedp.Flag("use-angle", "swiftshader"), chromedp.Flag("enable-unsafe-swiftshader", true), chromedp.Flag("ignore-gpu-blocklist", true),
		chromedp.Flag("disable-gpu-compositing", true), // which costs more than all else without a GPU
	)
}

// tab is one open page.
type tab struct {
	*browsertest.Tab
	t   *testing.T
	ctx context.Context
}

// site serves the page and a feed; the tab's and the feed's addresses are one
// origin's.
func site(t *testing.T, feed http.Handler) *httptest.Server { return serve(t, files, feed) }

func serve(t *testing.T, files []bundle.File, feed http.Handler) *httptest.Server {
	mux := http.NewServeMux()
	mux.Handle("/feed/v1/", feed)
	for _, f := range files {
		name := "/" + f.Name
		if f.Name == "index.html" {
			name = "/{$}"
		}
		mux.HandleFunc(name, func(w http.ResponseWriter, r *http.Request) {
			for k, v := range store.Headers(f) {
				w.Header().Set(k, v)
			}
			store.Write(w, r, f.Data)
		})
	}
	return serveWith(t, mux.ServeHTTP)
}

func serveWith(t *testing.T, handler http.HandlerFunc) *httptest.Server {
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return s
}

// quietFeed is a feed of three hours with 600 downloads a minute.
func quietFeed() *feedtest.Server {
	feed, _ := feedBy(1, 600, 3*time.Hour)
	return feed
}

// open opens an address in a new tab that nobody looks at; before runs in the
// page before its script.
func open(t *testing.T, address string, before ...string) *tab {
	t.Helper()
	return openAt(t, 1280, 720, coarse, address, before...)
}

// unhurried makes a page draw a dozen frames a second: drawing without a GPU is
// most of the work.
const unhurried = `{ const [frame, timeout] = [requestAnimationFrame, setTimeout];
	globalThis.requestAnimationFrame = (f) => timeout(() => frame(f), 65) }`

// openAt does so in a window of some size.
func openAt(t *testing.T, width, height int64, scale float64, address string, before ...string) *tab {
	t.Helper()
	return openAtPace(t, width, height, scale, address, append([]string{unhurried}, before...)...)
}

// openAtPace opens one that draws as many frames as it can.
func openAtPace(t *testing.T, width, height int64, scale float64, address string, before ...string) *tab {
	t.Helper()
	inner := browsertest.Open(t, chromium, patience)
	p := &tab{inner, t, inner.Ctx}
	p.Size(width, height, scale)
	for _, script := range before {
		p.Before(script)
	}
	do(p, chromedp.Navigate(address))
	return p
}

// coarse is how many of its points a screen has that nobody looks at.
const coarse = .25

func do(p *tab, action chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	p.Do(action)
}

// eval evaluates an expression in the page; a promise is waited for.
func eval[T any](p *tab, js string) T {
	p.t.Helper()
	return browsertest.Eval[T](p.Tab, js)
}

// until waits until an expression is true, over reloads of the page. What is true
// for a moment only may be missed: such things have to be noted by the page.
func (p *tab) until(js string) {
	p.t.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience / 2)
	for {
		is, err := chromedp.Run(p.ctx, chromedp.Evaluate[bool]("!!(window.glow && ("+js+"))"))
		if is {
			return
		}
		thrown := new(chromedp.ExceptionError)
		if errors.As(err, &thrown) || p.ctx.Err() != nil { // other errors come of reloads
			p.t.Fatalf("%s: %v", js, err)
		}
		select {
		case <-deadline:
			p.t.Fatalf("%s never came true: %s", js, eval[string](p, stands))
		case <-tick.C:
		}
	}
}

// stands tells how the page is, for those who wonder why it is not otherwise.
const stands = `JSON.stringify(window.glow ? [glow.app.state, glow.app.errors, glow.app.total(), glow.scene.stats(),
	document.body.className, document.activeElement.outerHTML.slice(0, 100), !!document.fullscreenElement] : document.body.innerText)`

func zipped(data []byte) int {
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression)
	_, _ = w.Write(data)
	_ = w.Close()
	return b.Len()
}

func text(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(data)
}
