package browser

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// ready is true once sparks glow and the total is exact.
const ready = `glow.scene.sparks.count > 0 && glow.app.total()?.exact`

// The page comes up, glows, and asks nobody but its own origin for anything; it
// stays within its budgets of bytes and draw calls.
func TestFirstGlow(t *testing.T) {
	t.Parallel()
	feed, clock := feedBy(1, 12000, 70*time.Minute)
	server := site(t, feed)
	p := open(t, server.URL+"/?render=gl")
	p.until(ready)
	if away := p.Elsewhere(server.URL); len(away) > 0 {
		t.Errorf("requests elsewhere: %v", away)
	}
	p.until(`glow.scene.stats().sparkDraws === 1`)
	stats := eval[map[string]float64](p, `glow.scene.stats()`)
	if stats["sparkDraws"] != 1 || stats["draws"] > 12 {
		t.Errorf("draw calls: %v", stats)
	}
	// What is needed for the map to glow, what comes by itself after that, and
	// all code but languages.
	page, itself, all := 0, 0, 0
	for _, f := range files {
		kind, _, _ := strings.Cut(f.Name, "-")
		if slices.Contains([]string{"lang", "og.jpg", "glow", "settings.json"}, kind) && f.Immutable == (kind == "lang") {
			continue
		}
		n := zipped(f.Data)
		all += n
		switch kind {
		case "index.html", "glow", "world":
			page += n
			itself += n
		case "interface":
			itself += n
		}
		t.Logf("%-24s %6d gzipped", f.Name, n)
	}
	now := clock()
	first := zipped(feed.Feed.Object("latest.json", now))
	for _, name := range feed.Requests() {
		if strings.HasPrefix(name, "10s/") {
			first += zipped(feed.Feed.Object(name, now)) // the first one is enough to glow
			break
		}
	}
	t.Logf("page %d bytes, to first glow %d, with the interface %d, all code %d", page, page+first, itself, all)
	for _, b := range []struct {
		what       string
		bytes, has int
	}{
		{"the page until it glows", 24 << 10, page},
		{"all to the first glow, the feed too", 38 << 10, page + first},
		{"the page with its interface", 30 << 10, itself},
	} {
		if b.has > b.bytes {
			t.Errorf("%s has %d bytes gzipped, want at most %d", b.what, b.has, b.bytes)
		}
	}
	p.Unharmed()
}

// Viewers who want less motion get a map without sparks whose embers fade over.
func TestCalm(t *testing.T) {
	t.Parallel()
	p := open(t, site(t, quietFeed()).URL+"/?render=gl&calm")
	p.until(`glow.app.total()?.exact && glow.scene.stats().embers > 0 && glow.scene.stats().draws > 3`)
	if n := eval[int](p, `glow.scene.stats().sparkDraws`); n != 0 {
		t.Error("sparks are drawn")
	}
	p.Unharmed()
}
