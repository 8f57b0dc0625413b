package browser

import (
	"fmt"
	"testing"
	"time"
)

// A gap is time that chance cannot have emptied.
func TestGapsAreNoChance(t *testing.T) {
	t.Parallel()
	p := units(t)
	for _, c := range []struct{ minutes, want string }{
		{`[50, 40, 60, 0, 0, 0, 55, 45]`, `[[3,6]]`},
		{`[50, 40, 60, 0, 55, 45]`, `[[3,4]]`},
		{`[3, 1, 0, 0, 2, 4, 1]`, `[]`},                                 // little happens there
		{`[9, 8, 9, 0, 9, 8]`, `[]`},                                    // that may be chance
		{`[50, 40, 60, 0, 0, 0]`, `[]`},                                 // it is not over
		{`[0, 0, 0, 50, 40, 60]`, `[]`},                                 // nothing is known of before
		{`[50, 40, null, null, 60]`, `[]`},                              // not here yet
		{`[90, 20, 4, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 1, 0, 1]`, `[]`}, // a night
		{`[50, 50, 50, 0, 0, 50, 50, 50, 0, 0, 50]`, `[[3,5],[8,10]]`},
	} {
		if got := eval[string](p, `JSON.stringify(unit.gaps(`+c.minutes+`))`); got != c.want {
			t.Errorf("%s: %s, want %s", c.minutes, got, c.want)
		}
	}
}

// Minutes that nobody could count are hatched and not drawn as if they were
// known; the playhead says so there.
func TestGapsAreHatched(t *testing.T) {
	t.Parallel()
	feed := quietFeed()
	from := begin.Truncate(time.Minute).Add(-31 * time.Minute)
	feed.Feed.Lose(from.Unix(), from.Add(12*time.Minute).Unix())
	p := open(t, site(t, feed).URL+"/?render=splat")
	p.until(ready)
	p.until(`/^M\d+\.\d 0H/.test(document.getElementById("chart-gap").getAttribute("d"))`)
	got := eval[[]float64](p, `document.getElementById("chart-gap").getAttribute("d").match(/[\d.]+/g).map(Number)`)
	// The bar is 600 wide and an hour long: the gap is a fifth of it.
	if wide := got[2] - got[0]; wide < 115 || wide > 125 {
		t.Errorf("the hatched part is %.0f of 600 wide, want 120: %v", wide, got)
	}
	eval[any](p, fmt.Sprintf(`glow.timebar.seek(%d)`, from.Add(5*time.Minute).UnixMilli()))
	p.until(`document.getElementById("scrub").getAttribute("aria-valuetext").endsWith(" · no numbers")`)
	eval[any](p, fmt.Sprintf(`glow.timebar.seek(%d)`, from.Add(-5*time.Minute).UnixMilli()))
	p.until(`!document.getElementById("scrub").getAttribute("aria-valuetext").endsWith(" · no numbers")`)
	p.Unharmed()
}

// When it is over, a screen that nobody touches replays the last day, says so
// and names the final count; what is new ends the replay.
func TestRerun(t *testing.T) {
	t.Parallel()
	feed, _ := fastFeed(600, 3*time.Hour)
	p := open(t, site(t, feed).URL+"/?render=splat", hasten)
	p.until(ready)
	feed.Change(func(l map[string]any) { l["status"] = "ended" })
	p.badge("ended")
	p.badge("replay")
	p.until(`/^It is over: [\d,]+ downloads in all\. This is a replay\.$/.test(document.getElementById("message").textContent)`)
	p.until(`glow.app.speed === 600 && glow.app.total()?.exact`)
	feed.Change(nil)
	p.badge("live")
	p.until(`document.getElementById("message").hidden`)
	// A feed that stops is not replayed unless the site wants it.
	if got := eval[string](p, `glow.settings.replay`); got != "ended" {
		t.Errorf("the setting is %q", got)
	}
	p.Unharmed()
}
