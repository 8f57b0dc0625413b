package browser

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/glowmap/glow/page/bundle"
)

// The variant in one file works alone, dialogs, language and all, under its own
// policy.
func TestSingleFile(t *testing.T) {
	t.Parallel()
	single, err := bundle.Build(bundle.Options{Settings: bundle.Defaults(), Single: true})
	if err != nil {
		t.Fatal(err)
	}
	server := serve(t, single, quietFeed())
	p := open(t, server.URL+"/?render=splat&lang=fr")
	p.until(ready)
	do(p, chromedp.KeyEvent("?"))
	p.until(`document.querySelector("dialog[open] h2")?.textContent === "Ce que disent les chiffres"`)
	for _, r := range p.Elsewhere(server.URL + "/feed") {
		if r != server.URL+"/?render=splat&lang=fr" {
			t.Errorf("it asked for %s", r)
		}
	}
	p.Unharmed()
}

// Opened from a disk it does, too: only its feed is elsewhere.
func TestSingleFileFromDisk(t *testing.T) {
	t.Parallel()
	server := site(t, quietFeed())
	settings := bundle.Defaults()
	if err := settings.Merge([]byte(`{"feed": "` + server.URL + `/feed"}`)); err != nil {
		t.Fatal(err)
	}
	single, err := bundle.Build(bundle.Options{Settings: settings, Single: true})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "glow.html")
	if err := os.WriteFile(path, single[0].Data, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, render := range []string{"gl", "splat"} {
		p := open(t, "file://"+path+"?render="+render+"&lang=de")
		p.until(ready + ` && document.querySelector(".hero h2").textContent.includes("Downloads bisher") && document.querySelectorAll("#rank button").length > 3`)
		if render == "gl" {
			p.until(developed)
			if p.amber() < .001 {
				t.Error("it does not glow")
			}
		}
		p.press(" ")
		p.until(`glow.app.state === "frozen" && location.hash.startsWith("#t=")`)
		p.press("?")
		p.until(dialogOpen)
		for _, r := range p.Elsewhere(server.URL + "/feed") {
			if !strings.HasPrefix(r, "file://"+path) {
				t.Errorf("it asked for %s", r)
			}
		}
		p.Unharmed()
	}
}

// Any page may show the map by a script and an element.
func TestElement(t *testing.T) {
	t.Parallel()
	server := site(t, quietFeed())
	host := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, `<!doctype html><title>host</title><script src="%s/glow-map.js"></script><glow-map view="globe" lang="de" render="splat"></glow-map>`, server.URL)
	}))
	defer host.Close()
	p := open(t, host.URL)
	want := server.URL + "/?embed=1&view=globe&lang=de&render=splat"
	if got := eval[string](p, `document.querySelector("glow-map iframe").src`); got != want {
		t.Errorf("it shows %s, want %s", got, want)
	}
	inner := open(t, want)
	inner.until(ready + ` && document.body.classList.contains("embed") && glow.scene.camera.globe`)
	inner.Unharmed()
}

// A share is told to sharehook and opens the network's page; a picture is saved.
func TestSharing(t *testing.T) {
	t.Parallel()
	settings := bundle.Defaults()
	if err := settings.Merge([]byte(`{"sharehook": "feed/v1/share"}`)); err != nil {
		t.Fatal(err)
	}
	built, err := bundle.Build(bundle.Options{Settings: settings})
	if err != nil {
		t.Fatal(err)
	}
	feed, posted := quietFeed(), make(chan string, 1)
	server := serve(t, built, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			posted <- r.FormValue("type")
			w.WriteHeader(http.StatusNoContent)
			return
		}
		feed.ServeHTTP(w, r)
	}))
	p := openAt(t, 1280, 720, .5, server.URL+"/?render=gl")
	p.until(ready + ` && ` + developed)
	eval[any](p, `{ window.open = (url) => { globalThis.opened = url }; HTMLAnchorElement.prototype.click = function () { globalThis.saved = [this.download, this.href] } }`)
	do(p, chromedp.KeyEvent("s"))
	p.until(`document.querySelector("dialog[open]")`)
	click := func(text string) {
		t.Helper()
		eval[any](p, fmt.Sprintf(`[...document.querySelectorAll("dialog button")].find((b) => b.textContent === %q).dispatchEvent(new MouseEvent("click"))`, text))
	}
	click("Twitter")
	select {
	case typ := <-posted:
		if typ != "twitter" {
			t.Errorf("sharehook was told %q", typ)
		}
	case <-p.ctx.Done():
		t.Fatal("sharehook was told nothing")
	}
	p.until(`globalThis.opened?.startsWith("https://twitter.com/intent/tweet?text=Glow&url=http%3A")`)
	click("Save picture")
	p.until(`globalThis.saved`)
	got := eval[[]float64](p, `new Promise((done) => {
		const i = new Image();
		i.onerror = () => done([]);
		i.onload = () => {
			const c = new OffscreenCanvas(i.width, i.height).getContext("2d");
			c.drawImage(i, 0, 0);
			const bright = c.getImageData(0, 0, i.width, i.height / 2).data.filter((v, k) => k % 4 < 3 && v > 120).length;
			done([i.width, i.height, bright]);
		};
		i.src = saved[1];
	})`)
	if len(got) != 3 || got[0] != 640 || got[1] != 360 || got[2] < 200 {
		t.Errorf("the picture is %v: width, height, bright points of its upper half", got)
	}
	p.Unharmed()
}
