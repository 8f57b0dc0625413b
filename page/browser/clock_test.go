package browser

import (
	"fmt"
	"testing"
)

// The clock finds the server's time from whole seconds, through a network with
// delays, whatever the viewer's clock; polls at the moments it asks for halve
// what it does not know.
func TestClockConverges(t *testing.T) {
	t.Parallel()
	p := units(t)
	for _, offset := range []float64{0, 86400e3 + 123, -86400e3 - 777, 1774360851456.7} {
		got := eval[float64](p, fmt.Sprintf(`(() => {
			const clock = new unit.ServerClock();
			const offset = %f;
			let now = 5000, seed = 7;
			const random = () => (seed = unit.mix(seed + 1)) / 4294967296;
			for (let i = 0; i < 8; i++) {
				const sent = now, there = sent + 5 + random() * 20, received = there + 5 + random() * 20;
				const date = Math.floor((there + offset) / 1000) * 1000;
				clock.add({sent, received, date, published: date - 1000});
				now = clock.next(received + 1500, random());
			}
			return Math.abs(clock.at(now) - now - offset);
		})()`, offset))
		if got > 60 {
			t.Errorf("offset %v: off by %.0f ms after 8 polls", offset, got)
		}
	}
}

// Cached answers have old dates; they must not pull the clock back for long.
func TestClockSeesThroughCaches(t *testing.T) {
	t.Parallel()
	p := units(t)
	got := eval[float64](p, `(() => {
		const clock = new unit.ServerClock();
		let worst = 0, seed = 3, cached = 0;
		const random = () => (seed = unit.mix(seed + 1)) / 4294967296;
		for (let now = 5000, i = 0; i < 60; i++, now += 1700 + random() * 600) {
			if (now - cached > 2000) cached = now; // the cache keeps an answer for two seconds
			const date = Math.floor((cached + 1e12) / 1000) * 1000;
			clock.add({sent: now - 20, received: now, date, published: date - 2000});
			if (i > 20) worst = Math.max(worst, Math.abs(clock.at(now) - now - 1e12));
		}
		return worst;
	})()`)
	if got > 250 {
		t.Errorf("off by %.0f ms behind a cache", got)
	}
}

// A store whose clock is a day off does not matter while the feed is alive.
func TestClockTrustsALivingFeed(t *testing.T) {
	t.Parallel()
	p := units(t)
	for _, skew := range []float64{86400e3, -86400e3} {
		got := eval[float64](p, fmt.Sprintf(`(() => {
			const clock = new unit.ServerClock();
			for (let now = 1000; now < 60000; now += 2000) {
				const real = Math.floor((now + 1e12) / 2000) * 2000;
				clock.add({sent: now - 20, received: now, date: real + %f, published: real});
			}
			return Math.abs(clock.at(60000) - 60000 - 1e12);
		})()`, skew))
		if got > 3000 {
			t.Errorf("store off by %v: clock off by %.0f ms", skew, got)
		}
	}
}
