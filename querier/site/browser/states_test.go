package browser

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/glowmap/glow/querier/site/sitetest"
)

type object = map[string]any

// special serves the site and the made-up API, but for what own answers itself.
func special(t *testing.T, own func(w http.ResponseWriter, r *http.Request) bool) *httptest.Server {
	api := sitetest.NewServer()
	mux := http.NewServeMux()
	mux.Handle("/", pages)
	mux.HandleFunc("/v1/", func(w http.ResponseWriter, r *http.Request) {
		if !own(w, r) {
			api.ServeHTTP(w, r)
		}
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func say(w http.ResponseWriter, v any) bool {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
	return true
}

// hostile are values that somebody may send as attributes.
var hostile = []string{
	"<img src=x onerror=alert(1)>", "abc\u202egnp.exe", strings.Repeat("Endless", 70), "\x00\a", "مصر", "__proto__", "", " ",
}

// crowd is an archive of fifty types, seventy models and attributes of all kinds.
func crowd(w http.ResponseWriter, r *http.Request) bool {
	var keys, values, dimensions, models []object
	for i := range 50 {
		keys = append(keys, object{"key": fmt.Sprintf("share:network-%02d-of-a-long-name.", i), "n": 1e11 / (i + 1), "from": sitetest.Begin, "to": sitetest.Until})
	}
	for _, v := range hostile {
		values = append(values, object{"value": v, "n": 1000})
	}
	for _, name := range append([]string{"country"}, hostile[:3]...) {
		dimensions = append(dimensions, object{"name": name, "values": values})
		models = append(models, object{"name": name, "summary": strings.Repeat(name, 2), "state": "ready"})
	}
	for i := range 70 {
		models = append(models, object{"name": fmt.Sprint("model-", i), "summary": "One of many.", "state": "ready"})
	}
	switch {
	case r.URL.Path == "/v1/keys":
		return say(w, object{"v": 1, "from": sitetest.Begin, "until": sitetest.Until, "keys": keys, "dimensions": dimensions, "models": models})
	case strings.HasPrefix(r.URL.Path, "/v1/models/"):
		var rows [][]any
		for i, v := range hostile {
			rows = append(rows, []any{v, i * 1e9})
		}
		return say(w, object{"v": 1, "columns": []string{hostile[0], "n"}, "rows": rows})
	}
	return false
}

// Fifty types, seventy models and names that mean harm: nothing leaves its place,
// nothing runs, and what one looks for is found.
func TestCrowd(t *testing.T) {
	t.Parallel()
	s := special(t, crowd)
	p := open(t, s.URL+"/dashboard?lang=en#range=all")
	p.until(settled)
	for _, width := range []int64{320, 1440} {
		p.Size(width, 900, .5)
		eval[any](p, `document.getElementById("models").scrollIntoView()`)
		p.until(`document.querySelector("#model-list canvas[data-drawn]")`)
		for _, v := range eval[[]string](p, beyond) {
			if !strings.Contains(v, "<bdi>Endless") { // its button cuts it
				t.Errorf("%d px: %s", width, v)
			}
		}
		if high := eval[float64](p, `document.getElementById("overview").getBoundingClientRect().height`); high > 1100 {
			t.Errorf("%d px: the types are %.0f px high", width, high)
		}
	}
	if n := eval[int](p, `[...document.querySelectorAll("#model-list .chart")].filter((e) => e.tabIndex < 0 && !e.querySelector("summary").checkVisibility()).length`); n > 0 {
		t.Errorf("%d models have nothing that a keyboard could reach", n)
	}
	eval[any](p, `document.querySelector("#key-list li:last-child button").focus()`)
	do(p, chromedp.KeyEvent(kb.Enter))
	p.until(`document.querySelectorAll("#key-list .key").length === 50 && document.activeElement.matches("#key-list li:nth-child(12) button")`)
	eval[any](p, `document.getElementById("model-find").focus()`)
	do(p, chromedp.KeyEvent("model 42"))
	p.until(`document.querySelectorAll("#model-list > li:not([hidden])").length === 1 && document.getElementById("model-count").textContent === "1 of 74"`)
	if eval[bool](p, `/[\u202a-\u202e\0]/.test(document.body.innerText) || document.querySelector("main img") !== null`) {
		t.Error("a name turns what stands beside it, or is more than text")
	}
	p.unharmed(s.URL)
}

// Whoever works by keyboard stays where they are when the page shows anew what is
// there, and hears what came of it.
func TestFocus(t *testing.T) {
	t.Parallel()
	s, _ := querier(t)
	p := open(t, s.URL+"/dashboard?lang=en#range=all&by=country")
	p.until(settled)
	stays := func(what, find string, press bool) {
		t.Helper()
		eval[any](p, `{ const e = `+find+`; e.focus(); window.held = e.textContent; }`)
		if press {
			do(p, chromedp.KeyEvent(kb.Enter))
			p.until(`document.getElementById("told").textContent.startsWith("Shown: ")`)
		} else {
			eval[any](p, `glow.look()`)
		}
		p.until(settled)
		if at := eval[string](p, `document.activeElement.textContent`); at != eval[string](p, `held`) {
			t.Errorf("%s: the focus is lost to %.60q", what, at)
		}
	}
	stays("the kind of a chart", `document.querySelectorAll("#ask-figure .kinds button")[1]`, true)
	stays("a key that is compared", `document.querySelectorAll("#ask-keys button")[1]`, true)
	stays("the card of a key", `document.querySelectorAll("#key-list button")[1]`, false)
	stays("a value", `document.querySelectorAll("#dimension-list button")[4]`, false)
	eval[any](p, `window.option = document.getElementById("by").options[1]; glow.look()`)
	if !eval[bool](p, `option.isConnected`) {
		t.Error("a list that is open is made anew")
	}
	eval[any](p, `document.querySelectorAll("#dimension-list button")[0].focus()`)
	do(p, chromedp.KeyEvent(kb.Enter))
	p.until(`document.activeElement.id === "ask-title"`)
	p.unharmed(s.URL)
}

// Of a model with more rows than a chart takes, the newest are shown, and it says so.
func TestNewestRows(t *testing.T) {
	t.Parallel()
	const all, size = 30_000, 5000
	s := special(t, func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/v1/models/totals-by-day" {
			return false
		}
		page, _ := strconv.Atoi(r.URL.Query().Get("page"))
		page = max(page, 1)
		var rows [][]any
		for i := (page - 1) * size; i < page*size; i++ {
			rows = append(rows, []any{sitetest.Begin.Add(time.Duration(i) * time.Second), i})
		}
		return say(w, object{"v": 1, "version": "a", "columns": []string{"time", "n"}, "rows": rows, "page": page, "pages": all / size, "total": all})
	})
	p := open(t, s.URL+"/dashboard?lang=en#model=totals-by-day&range=all")
	p.until(`document.querySelector("#model-list .own canvas[data-drawn]")`)
	eval[any](p, catch)
	eval[any](p, `document.querySelector("#model-list .own .actions button").click()`)
	if last := eval[string](p, `saved.text().then((t) => t.trim().split("\r\n").pop())`); !strings.HasSuffix(last, ",29999") {
		t.Errorf("the last row is %q", last)
	}
	if note := eval[string](p, `document.querySelector("#model-list .own .note").textContent`); !strings.Contains(note, "The newest 20,000 of 30,000 rows.") {
		t.Errorf("it says %q", note)
	}
	p.unharmed(s.URL)
}

// A token that is refused is not called internal; what it once opened is gone
// with it, also while nobody answers.
func TestLeaving(t *testing.T) {
	t.Parallel()
	s, api := querier(t)
	p := open(t, s.URL+"/dashboard?lang=en")
	p.until(settled)
	give := func(token string) {
		eval[any](p, `document.getElementById("enter").click(); document.getElementById("token").value = "`+token+`"; document.getElementById("token-form").requestSubmit()`)
	}
	give("wrong")
	p.until(`document.getElementById("enter").textContent === "Token refused"`)
	give(sitetest.Token)
	p.until(settled + ` && document.getElementById("enter").textContent === "Internal" && document.getElementById("dimension-list").innerText.includes("Os")`)
	api.Fail(404)
	eval[any](p, `document.getElementById("leave").click()`)
	p.until(`!document.getElementById("notice").hidden`)
	if eval[bool](p, `document.getElementById("dimension-list").innerText.includes("Os")`) {
		t.Error("what was internal is still there")
	}
	p.unharmed(s.URL)
}

// Opened too early, it says so in a sentence, and comes by itself.
func TestEarly(t *testing.T) {
	t.Parallel()
	var there atomic.Bool
	s := special(t, func(w http.ResponseWriter, _ *http.Request) bool {
		if there.Load() {
			return false
		}
		w.WriteHeader(http.StatusServiceUnavailable)
		return say(w, object{"error": object{"message": "there is no archive yet"}})
	})
	p := open(t, s.URL+"/dashboard?lang=en")
	p.until(ready + ` && document.getElementById("notice").textContent === "There is no archive yet."`)
	there.Store(true)
	p.until(settled + ` && document.getElementById("notice").hidden`)
	p.unharmed(s.URL)
}

// A young archive has examples that show something, by the minute.
func TestYoung(t *testing.T) {
	t.Parallel()
	s := special(t, func(w http.ResponseWriter, r *http.Request) bool {
		return r.URL.Path == "/v1/keys" && say(w, object{
			"v": 1, "from": sitetest.Until.Add(-time.Hour), "until": sitetest.Until, "dimensions": []any{},
			"keys": []object{{"key": "download", "n": 1, "from": sitetest.Until, "to": sitetest.Until}},
		})
	})
	p := open(t, s.URL+"/?lang=en")
	p.until(ready)
	if q := eval[string](p, `JSON.stringify(JSON.parse(document.querySelector(".example textarea").value))`); q !=
		`{"keys":["download"],"from":"2026-03-31T08:05:00Z","to":"2026-03-31T09:06:00Z","every":"1m"}` {
		t.Errorf("it asks %s", q)
	}
	p.unharmed(s.URL)
}
