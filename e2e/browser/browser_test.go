// Package browser tests Glow with a real Chromium, as it is used from web
// pages of other origins.
package browser

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/glowmap/glow/e2e/harness"
	"github.com/glowmap/glow/internal/s3test"
)

func TestMain(m *testing.M) { harness.Main(m) }

// chromium starts a browser and returns the context of its first tab.
func chromium(t *testing.T) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatalf("%v: apt-get install chromium", err)
	}
	ctx, cancel := chromedp.NewExecAllocator(context.Background(),
		chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()),
		chromedp.NoFirstRun, chromedp.Headless, chromedp.DisableGPU, chromedp.NoSandbox,
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true))
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 5*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// page serves an empty page from an origin of its own.
func page(t *testing.T, html string) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, "<!doctype html><title>page</title>"+html)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// visit opens a page.
func visit(t *testing.T, ctx context.Context, url string) {
	t.Helper()
	if _, err := chromedp.Run(ctx, chromedp.Navigate(url)); err != nil {
		t.Fatal(err)
	}
}

// script runs an expression in the page, and returns what its promise gives.
func script(t *testing.T, ctx context.Context, expression string) string {
	t.Helper()
	s, err := chromedp.Run(ctx, chromedp.Evaluate[string](expression, chromedp.EvalAwaitPromise))
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return s
}

// fetch sends a request from the page: "204", or "refused" where the browser
// does not let the page see the answer.
func fetch(t *testing.T, ctx context.Context, url, options, read string) string {
	t.Helper()
	return script(t, ctx, fmt.Sprintf(`fetch(%q, %s).then(r => %s).then(String, () => "refused")`, url, options, read))
}

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

const (
	asJSON  = `{method: "POST", headers: {"Content-Type": "application/json"}, body: JSON.stringify({type: "twitter"})}`
	asForm  = `{method: "POST", body: new URLSearchParams({type: "twitter"})}`
	unknown = `{method: "POST", body: new URLSearchParams({type: "myspace"})}`
	read    = `r.json().then(l => l.totals["share:twitter"] || 0)`
)

// A page of an origin that is allowed posts shares and soon reads them in the
// feed on S3; a page of another origin can do neither.
func TestShareAcrossOrigins(t *testing.T) {
	g := harness.New(t)
	friend := page(t, "")
	server := s3test.Start(t)
	g.Target, g.Env = "s3://feed/glow", s3test.Env()
	setUp(t, g, server, friend)
	addr := freeAddr(t)
	share := "http://" + addr + "/share"
	stranger := page(t, `<form method="post" action="`+share+`"><input name="type" value="twitter"></form>`)
	latest := server.URL() + "/feed/glow/v1/latest.json"
	g.Start("sharehook", "--listen", addr, "--spool", t.TempDir(), "--types", "twitter", "--allowed-origins", friend)
	g.Start("geoworker")
	g.Start("publisher", "--s3-endpoint", server.URL())
	harness.Until(t, "sharehook listens", 90*time.Second, func() (bool, string) {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			return false, err.Error()
		}
		return true, fmt.Sprint(c.Close())
	})

	ctx := chromium(t)
	visit(t, ctx, friend)
	for options, want := range map[string]string{asJSON: "204", asForm: "204", unknown: "400"} {
		if got := fetch(t, ctx, share, options, "r.status"); got != want {
			t.Errorf("%s: %s, want %s", options, got, want)
		}
	}
	if got := fetch(t, ctx, share, unknown, "r.text()"); !strings.Contains(got, "twitter") {
		t.Errorf("the page reads %q", got)
	}
	posted := time.Now()
	harness.Until(t, "the page reads both shares", 90*time.Second, func() (bool, string) {
		n := fetch(t, ctx, latest, `{cache: "no-store"}`, read)
		return n == "2", n
	})
	t.Logf("on the feed after %v", time.Since(posted).Round(10*time.Millisecond))
	if got := fetch(t, ctx, latest, `{cache: "no-store"}`, `r.headers.get("Date") && r.headers.get("ETag") ? "both" : "hidden"`); got != "both" {
		t.Errorf("Date and ETag of latest.json are %s", got)
	}

	visit(t, ctx, stranger)
	for _, options := range []string{asJSON, asForm} {
		if got := fetch(t, ctx, share, options, "r.status"); got != "refused" {
			t.Errorf("a stranger's %s: %s", options, got)
		}
	}
	if got := fetch(t, ctx, latest, "{}", read); got != "refused" {
		t.Errorf("a stranger reads %s", got)
	}
	script(t, ctx, `document.forms[0].submit(), ""`)
	harness.Until(t, "the form is answered", 90*time.Second, func() (bool, string) {
		text, err := chromedp.Run(ctx, chromedp.Evaluate[string](`document.body.innerText`))
		return strings.Contains(text, "may not send shares"), fmt.Sprint(text, err)
	})

	visit(t, ctx, friend)
	if got := fetch(t, ctx, share, asForm, "r.status"); got != "204" {
		t.Errorf("one more: %s", got)
	}
	harness.Until(t, "the page reads three shares and no more", 90*time.Second, func() (bool, string) {
		n := fetch(t, ctx, latest, `{cache: "no-store"}`, read)
		if n > "3" {
			t.Fatalf("%s shares are counted", n)
		}
		return n == "3", n
	})
}

// setUp makes a bucket that pages of one origin may read.
func setUp(t *testing.T, g *harness.Glow, server *s3test.Server, origin string) {
	t.Helper()
	cmd := exec.Command(harness.Program(t, "publisher"), "setup", "--target", g.Target, "--s3-endpoint", server.URL(),
		"--redis-url", g.Redis.URL(), "--cors-origins", origin, "--public")
	cmd.Env = append(os.Environ(), g.Env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("publisher setup: %v\n%s", err, out)
	}
}
