package browser

import (
	"fmt"
	"time"

	"github.com/glowmap/glow/page/feedtest"
)

// times is how much faster than the machine's the clocks of a hastened page and
// of its feed run.
const times = 8

var hasten = hastenBy(times)

// hastenBy is run before a page's own script: all its clocks and timers run k
// times as fast, so that what it does once in ten seconds is done in one. The
// feed has to go by a fast clock, too.
func hastenBy(k int) string {
	return fmt.Sprintf(`{
	const k = %d;
	const [now, date, timeout, interval] = [performance.now.bind(performance), Date.now, setTimeout, setInterval];
	const [frame, abort, began] = [requestAnimationFrame, AbortSignal.timeout, Date.now()];
	globalThis.frameTime = 0; // what the last frame was given
	performance.now = () => now() * k;
	Date.now = () => began + (date() - began) * k;
	globalThis.setTimeout = (f, ms = 0, ...more) => timeout(f, ms / k, ...more);
	globalThis.setInterval = (f, ms = 0, ...more) => interval(f, ms / k, ...more);
	globalThis.requestAnimationFrame = (f) => frame((t) => f(frameTime = t * k));
	AbortSignal.timeout = (ms) => abort.call(AbortSignal, Math.ceil(ms / Math.min(k, 10)));
}`, k)
}

// begin is when the feeds of all tests stand as they begin: what a feed holds
// follows from the time alone, and is the same whenever tests run.
var begin = time.Date(2026, 3, 24, 13, 42, 7, 0, time.UTC)

// fastFeed is a feed for hastened pages, with its clock.
func fastFeed(perMinute int, age time.Duration) (*feedtest.Server, func() time.Time) {
	return feedBy(times, perMinute, age)
}

func feedBy(k time.Duration, perMinute int, age time.Duration) (*feedtest.Server, func() time.Time) {
	clock := fast(k)
	feed := feedtest.NewServer(feedtest.New(perMinute, clock().Add(-age)))
	feed.Clock(clock)
	return feed, clock
}

// fast is a clock that runs k times as fast as the machine's.
func fast(k time.Duration) func() time.Time {
	start := time.Now()
	return func() time.Time { return begin.Add(k * time.Since(start)) }
}
