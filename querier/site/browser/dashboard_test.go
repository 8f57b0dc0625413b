package browser

import (
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/glowmap/glow/querier/site"
	"github.com/glowmap/glow/querier/site/sitetest"
)

const (
	ready   = `document.body.dataset.ready === ""`
	settled = ready + ` && document.querySelector("#ask-figure canvas[data-drawn]") && !document.querySelector("#ask-figure [aria-busy]")`
)

// catch keeps what is saved, for the test to look at.
const catch = `{ const make = URL.createObjectURL; URL.createObjectURL = (b) => { window.saved = b; return make.call(URL, b) } }`

// The dashboard shows what there is, and a question follows its controls; its
// link shows the same again.
func TestDashboard(t *testing.T) {
	t.Parallel()
	s, api := querier(t)
	p := open(t, s.URL+"/dashboard?lang=en#key=download&range=all")
	p.until(settled)
	for what, js := range map[string]string{
		"the total is missing":              `/^[0-9,]{6,}$/.test(document.getElementById("total").textContent)`,
		"a key is missing":                  `document.querySelectorAll("#key-list .key").length === 3`,
		"countries have no names":           `document.getElementById("dimension-list").innerText.includes("Germany")`,
		"the chart does not say what it is": `document.querySelector("#ask-figure canvas").ariaLabel.includes("Download per hour")`,
		"the missing day is drawn":          `glow.figure.state.shape.series[0].values.slice(144, 168).every((v) => v === null)`,
		"a model is missing":                `document.querySelectorAll("#model-list canvas").length === 5`,
	} {
		if !eval[bool](p, js) {
			t.Error(what)
		}
	}
	if shift := eval[float64](p, `new Promise((done) => { let sum = 0; new PerformanceObserver((l) => { for (const e of l.getEntries()) sum += e.value; }).observe({type: "layout-shift", buffered: true}); setTimeout(() => done(sum), 50) })`); shift > .1 {
		t.Errorf("what is shown moves by %.2f while it comes", shift)
	}
	eval[any](p, `[...document.querySelectorAll("#ask-keys button")][2].click()`)
	p.until(`glow.figure.state.data.columns[0] === "key" && glow.figure.state.shape.series.length === 2`)
	eval[any](p, `{ const by = document.getElementById("by"); by.value = "country"; by.dispatchEvent(new Event("change")) }`)
	p.until(`glow.figure.state.data.columns.includes("country")`)
	eval[any](p, `[...document.querySelectorAll("#dimension-list button")].find((b) => b.textContent === "Europe").click()`)
	p.until(`location.hash.includes("EU") && !document.querySelector("#ask-figure [aria-busy]")`)
	eval[any](p, `[...document.querySelectorAll("#ask-figure .kinds button")].find((b) => b.textContent === "Map").click()`)
	p.until(`document.querySelector("#ask-figure canvas").dataset.drawn === "map" && glow.figure.state.shape.countries.get("DE") > 0 && !glow.figure.state.shape.countries.has("US")`)
	link := eval[string](p, `location.href`)
	again := open(t, link)
	again.until(settled + ` && document.querySelector("#ask-figure canvas").dataset.drawn === "map" && glow.figure.state.shape.countries.get("DE") > 0`)
	if a, b := eval[string](p, `JSON.stringify(glow.figure.state.data)`), eval[string](again, `JSON.stringify(glow.figure.state.data)`); a != b {
		t.Errorf("the link %s shows\n%.300s, and it was\n%.300s", link, b, a)
	}
	if !slices.ContainsFunc(api.Asked(), func(a string) bool { return strings.HasPrefix(a, "GET /v1/query?q=") }) {
		t.Errorf("it asked %s", api.Asked())
	}
	p.unharmed(s.URL)
	again.unharmed(s.URL)
}

// What is saved is what is seen: as CSV for spreadsheets, and as a picture.
func TestExport(t *testing.T) {
	t.Parallel()
	s, _ := querier(t)
	p := open(t, s.URL+"/dashboard#key=download&range=all&by=country&chart=map")
	p.until(settled)
	eval[any](p, catch)
	eval[any](p, `glow.figure.show({columns: ["country", "n"], rows: [["=1+1", 3], ["a,\"b\"", -1], ["مصر", 7], [null, 0]]}, {kind: "bars"})`)
	eval[any](p, `document.querySelector("#ask-figure .actions button").click()`)
	want := "\ufeffcountry,n\r\n'=1+1,3\r\n\"a,\"\"b\"\"\",-1\r\nمصر,7\r\n,0\r\n"
	if got := eval[string](p, `saved.arrayBuffer().then((b) => new TextDecoder("utf-8", {ignoreBOM: true}).decode(b))`); got != want {
		t.Errorf("CSV %q, want %q", got, want)
	}
	for _, kind := range []string{"lines", "bars", "map"} {
		eval[any](p, `window.saved = null; glow.figure.show({columns: ["date", "country", "n"], rows: [["2026-03-24", "DE", 7], ["2026-03-25", "DE", 9], ["2026-03-25", "FR", 3]]}, {kind: "`+kind+`"})`)
		eval[any](p, `document.querySelectorAll("#ask-figure .actions button")[1].click()`)
		p.until(`window.saved`)
		// A picture has edges of the background and, inside, the title and the chart.
		got := eval[string](p, `createImageBitmap(saved).then((i) => { const c = new OffscreenCanvas(i.width, i.height).getContext("2d"); c.drawImage(i, 0, 0);
			const lit = (y, h) => { const d = c.getImageData(0, y, i.width, h).data; let n = 0; for (let k = 0; k < d.length; k += 4) if (d[k] + d[k + 1] + d[k + 2] > 150) n++; return n > 200 };
			return [i.width, i.height >= 1300, lit(0, 40), lit(80, 60), lit(300, i.height - 400)].join() })`)
		if got != "2400,true,false,true,true" {
			t.Errorf("%s: the picture is %s", kind, got)
		}
	}
	p.unharmed(s.URL)
}

// A token opens the internal door, stays in this tab and is in no address.
func TestDoor(t *testing.T) {
	t.Parallel()
	s, api := querier(t)
	p := open(t, s.URL+"/dashboard")
	p.until(settled + ` && !document.getElementById("dimension-list").innerText.includes("Os")`)
	give := func(token string) {
		eval[any](p, `document.getElementById("enter").focus()`)
		do(p, chromedp.KeyEvent(kb.Enter))
		p.until(`document.getElementById("door").open`)
		eval[any](p, `document.getElementById("token").focus()`)
		do(p, chromedp.KeyEvent(token+kb.Enter))
	}
	give("wrong")
	p.until(`!document.getElementById("notice").hidden && document.getElementById("notice").textContent.includes("not known")`)
	give(sitetest.Token)
	p.until(`document.getElementById("dimension-list").innerText.includes("Os") && document.getElementById("notice").hidden`)
	if !eval[bool](p, `document.getElementById("dimension-list").innerText.includes("<b>")`) {
		t.Error("a hostile value is no text")
	}
	do(p, chromedp.Reload())
	p.until(settled + ` && document.getElementById("enter").textContent === "Internal" && document.getElementById("dimension-list").innerText.includes("Os")`)
	for _, asked := range api.Asked() {
		if strings.Contains(asked, sitetest.Token) {
			t.Errorf("the token is in %s", asked)
		}
	}
	if n := eval[int](p, `localStorage.length`); n > 0 || len(api.Tokens()) < 3 {
		t.Errorf("%d things are kept for ever; %d tokens came", n, len(api.Tokens()))
	}
	held := eval[string](p, `new Promise((done) => { const r = indexedDB.open("glow"); r.onsuccess = () => {
		const all = r.result.transaction("answers").objectStore("answers").getAllKeys(); all.onsuccess = () => done(all.result.join()) } })`)
	if strings.Contains(held, "internal") || strings.Contains(held, sitetest.Token) || !strings.Contains(held, "v1/keys") {
		t.Errorf("the disk keeps %s", held)
	}
	eval[any](p, `document.getElementById("leave").click()`)
	p.until(settled + ` && !document.getElementById("dimension-list").innerText.includes("Os")`)
	p.unharmed(s.URL)
}

// While the querier is away, the page opens, shows the last answers, and says so
// with their time; when it is back, it says so too.
func TestAway(t *testing.T) {
	t.Parallel()
	s, api := querier(t)
	p := open(t, s.URL+"/dashboard#key=download&range=all")
	p.until(settled + ` && navigator.serviceWorker.controller !== undefined`)
	eval[any](p, `navigator.serviceWorker.ready.then(() => null)`)
	before := eval[string](p, `JSON.stringify(glow.figure.state.data)`)
	api.Fail(503)
	eval[any](p, `glow.look()`)
	p.until(`document.getElementById("fresh").dataset.state === "away"`)
	api.Fail(0)
	eval[any](p, `glow.look()`)
	p.until(`document.getElementById("fresh").dataset.state === "live" && document.getElementById("notice").hidden`)
	s.CloseClientConnections()
	s.Close()
	do(p, chromedp.Reload())
	p.until(settled)
	if after := eval[string](p, `JSON.stringify(glow.figure.state.data)`); after != before {
		t.Errorf("it shows %.200s", after)
	}
	notice := eval[string](p, `document.getElementById("notice").textContent`)
	if !strings.Contains(notice, "does not answer") || !strings.Contains(notice, " UTC.") {
		t.Errorf("it says %q", notice)
	}
	p.open(s.URL + "/")
	p.until(ready + ` && document.querySelector("h2#keys")`)
	p.unharmed(s.URL)
}

// Without a querier, it shows the models that lie beside the feed.
func TestModelsAsFiles(t *testing.T) {
	t.Parallel()
	files, err := site.Static("../feed")
	if err != nil {
		t.Fatal(err)
	}
	api := sitetest.NewServer()
	mux := http.NewServeMux()
	mux.Handle("/feed/v1/", http.StripPrefix("/feed", api))
	for _, f := range files {
		path := "/dashboard/" + f.Name
		if f.Name == "index.html" {
			path = "/dashboard/{$}"
		}
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", f.Type)
			_, _ = w.Write(f.Data)
		})
	}
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	p := open(t, s.URL+"/dashboard/#model=hours-by-continent&chart=bars")
	p.until(ready + ` && document.querySelector("#model-list .own canvas[data-drawn=bars]")`)
	for _, asked := range api.Asked() {
		if !strings.Contains(asked, ".json") {
			t.Errorf("it asked %s", asked)
		}
	}
	if eval[bool](p, `document.getElementById("ask").checkVisibility()`) {
		t.Error("it offers to ask, and there is nobody to answer")
	}
	p.unharmed(s.URL)
}

// Every example of the documentation runs, as all kinds of answers.
func TestExamples(t *testing.T) {
	t.Parallel()
	s, _ := querier(t)
	p := open(t, s.URL+"/")
	p.until(ready)
	eval[any](p, `for (const e of document.querySelectorAll(".example .strong")) e.click()`)
	p.until(`[...document.querySelectorAll(".example")].every((e) => e.dataset.state === (e.dataset.wrong === undefined ? "answered" : "refused"))`)
	if !eval[bool](p, `document.querySelector("[data-wrong]").innerText.includes("where.contry: no such dimension; there are")`) {
		t.Error("the wrong one does not say what is wrong")
	}
	for _, tab := range []string{"json", "csv", "curl"} {
		eval[any](p, `for (const e of document.querySelectorAll(".example [data-tab=`+tab+`]")) e.click()`)
		p.until(`[...document.querySelectorAll(".example:not([data-wrong])")].every((e) => !e.querySelector("[data-tab=` + tab + `]") || (e.dataset.state === "answered" && e.querySelector("pre")))`)
	}
	curl := eval[string](p, `document.querySelector(".example pre").textContent`)
	if !strings.HasPrefix(curl, "curl '"+s.URL+"/v1/query' -d '{") {
		t.Errorf("as curl it is %s", curl)
	}
	eval[any](p, `{ const e = document.querySelector(".example textarea"); e.value = "{"; e.focus() }`)
	do(p, chromedp.KeyEvent(kb.Enter, chromedp.KeyModifiers(2)))
	p.until(`document.querySelector(".example").dataset.state === "refused" && document.querySelector(".example .notice").textContent.includes("no JSON")`)
	p.unharmed(s.URL)
}

// audit runs axe-core: WCAG 2.2 A and AA, and what axe calls best practice.
const audit = `axe.run(document, {
	resultTypes: ["violations"],
	runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}).then((r) => r.violations.flatMap((v) => v.nodes.map((n) => v.id + ": " + n.target.join(" ") + ": " + n.failureSummary.replaceAll("\n", " "))))`

// beyond lists what leaves the page or is cut off.
const beyond = `(() => { const out = [], wide = document.documentElement.clientWidth;
	if (document.documentElement.scrollWidth > wide) out.push("the page is too wide by " + (document.documentElement.scrollWidth - wide));
	for (const e of document.querySelectorAll("main *, header *")) {
		const r = e.getBoundingClientRect();
		if (r.width && !e.closest(".vh, .scroll, pre") && (r.left < -1 || r.right > wide + 1)) out.push("beyond the edge: " + e.outerHTML.slice(0, 80));
	}
	for (const e of document.querySelectorAll("button, nav a")) if (e.checkVisibility() && !e.closest("th") && e.scrollWidth > e.clientWidth + 1) out.push("cut off: " + e.textContent);
	return out; })()`

// axe-core finds nothing to object to and nothing leaves the page, from telephone
// to wall, from both sides.
func TestAxe(t *testing.T) {
	t.Parallel()
	axe, err := os.ReadFile("../../../page/browser/testdata/axe-core/axe.min.js")
	if err != nil {
		t.Fatal(err)
	}
	for name, path := range map[string]string{
		"docs":      "/",
		"dashboard": "/dashboard?lang=ar&dir=rtl#key=download&key=share%3Atwitter&range=all&is=%5B%22continent%22%2C%22EU%22%5D",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, _ := querier(t)
			p := open(t, s.URL+path)
			p.until(ready + ` && document.querySelector("canvas[data-drawn]")`)
			eval[any](p, string(axe)+";null")
			eval[any](p, `document.querySelectorAll("details").forEach((d) => d.open = true)`)
			for _, width := range []int64{320, 768, 1366, 3840} {
				p.Size(width, max(568, width*9/16), .25)
				found := eval[[]string](p, beyond)
				if width != 768 {
					found = append(found, eval[[]string](p, audit)...)
				}
				for _, v := range found {
					t.Errorf("%d px: %s", width, v)
				}
			}
			eval[any](p, `document.getElementById("enter").click()`)
			for _, v := range eval[[]string](p, audit) {
				t.Errorf("door: %s", v)
			}
			p.unharmed(s.URL)
		})
	}
}
