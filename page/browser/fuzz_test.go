package browser

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/glowmap/glow/internal/bucket"
	"github.com/glowmap/glow/page/feedtest"
)

// inputs is how many a fuzz test tries, unless GLOW_FUZZ says how many.
func inputs(t *testing.T, few int) int {
	v := os.Getenv("GLOW_FUZZ")
	if v == "" {
		return few
	}
	n, err := strconv.Atoi(v)
	if err != nil {
		t.Fatalf("GLOW_FUZZ: %v", err)
	}
	return n
}

// samples are good objects of a feed, for a vandal.
func samples(feed *feedtest.Feed, now time.Time) string {
	type sample struct {
		Name  string          `json:"name"`
		Start int64           `json:"start"`
		JSON  json.RawMessage `json:"json"`
	}
	list := []sample{
		{"latest", 0, feed.Object("latest.json", now)},
		{"names", 0, feed.Object("names.json", now)},
		{"settings", 0, json.RawMessage(`{"feed":"f","types":{"download":{"color":"#ff8f29","name":"D"},"share:x":{"share":"https://x"}},"replay":"never"}`)},
	}
	for _, period := range bucket.Periods {
		id := bucket.ID{Period: period, Start: period.Start(now.Add(-2 * time.Minute).Unix())}
		list = append(list, sample{string(period), id.Start, feed.Object(id.Object(), now)})
	}
	return text(list)
}

// Whatever the feed holds, nothing but a refusal comes out of the decoder, and
// of what it takes no count, spark or ember is anything but a number.
func TestFuzzDecoder(t *testing.T) {
	t.Parallel()
	p := units(t)
	now := time.Date(2026, 3, 24, 14, 1, 3, 0, time.UTC)
	feed := feedtest.New(20, now.Add(-2*time.Hour))
	n := inputs(t, 6000)
	var found struct {
		Taken, Refused int
		Wrong          []string
	}
	for seed := range 4 {
		part := eval[struct {
			Taken, Refused int
			Wrong          []string
		}](p, fmt.Sprintf(`unit.fuzz(%s, %d, %d)`, samples(feed, now), n/4, seed+1))
		found.Taken += part.Taken
		found.Refused += part.Refused
		found.Wrong = append(found.Wrong, part.Wrong...)
	}
	t.Logf("%d inputs taken, %d refused", found.Taken, found.Refused)
	for i, w := range found.Wrong {
		if i < 10 {
			t.Error(w)
		}
	}
	if found.Taken < n/20 || found.Refused < n/20 {
		t.Errorf("of %d inputs %d were taken and %d refused: that tries little", n, found.Taken, found.Refused)
	}
	p.Unharmed()
}

// vandalize lets the page get a bad object for every good one, again and again,
// and looks at every text and line that it makes of them.
const vandalize = `(async (rounds) => {
	const real = fetch, cache = new Map(), vandal = new unit.Vandal(5), { app } = glow, odd = [];
	globalThis.fetch = async (url, o) => {
		if (!url.includes("/v1/")) return real(url, o);
		if (!cache.has(url)) cache.set(url, await real(url, o).then(async (r) => [await r.json().catch(() => ({})), r.headers]));
		const [json, headers] = cache.get(url);
		return new Response(vandal.below(3) ? vandal.bad(json) : JSON.stringify(json), { headers });
	};
	for (let i = 0; i < rounds && odd.length < 10; i++) {
		if (vandal.below(4) === 0) app.archive.clear();
		await app.heartbeat.start();
		for (const period of ["all", "1d", "1h", "1m", "10s"]) app.archive.want(period, app.at / 1000, 0);
		await new Promise((done) => setTimeout(done));
		app.frame(performance.now());
		glow.refresh();
		const shown = ["total", "rate", "rank", "continents", "shares", "summary", "message", "clock"].map((id) => document.getElementById(id).textContent).join(" ") +
			[...document.querySelectorAll("#chart path")].map((e) => e.getAttribute("d")).join(" ") + document.getElementById("scrub").getAttribute("aria-valuetext");
		if (/NaN|Infinity|undefined|Invalid|\[object/.test(shown)) odd.push(shown.slice(0, 600));
	}
	globalThis.fetch = real;
	return odd;
})(%d)`

// The page as a whole stands that too: no exception, no text that is none, and
// afterwards the right count.
func TestFuzzPage(t *testing.T) {
	t.Parallel()
	feed, _ := fastFeed(600, 3*time.Hour)
	p := open(t, site(t, feed).URL+"/?render=splat", hasten)
	p.until(ready)
	eval[any](p, unitScript(t))
	for _, odd := range eval[[]string](p, fmt.Sprintf(vandalize, inputs(t, 400)/2)) {
		t.Errorf("it shows %s", odd)
	}
	p.until(`glow.app.state === "live" && glow.app.latest.feed === "f00d"`)
	wait(p, func() bool { return math.Abs(difference(p, feed.Feed)) < 1.5 })
	p.Unharmed()
}
