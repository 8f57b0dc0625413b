package browser

import (
	"math"
	"testing"
)

// The world's file is read as worldgen wrote it: countries lie where they are.
func TestWorld(t *testing.T) {
	p := open(t, site(t, quietFeed()).URL+"/?render=splat")
	p.until(`glow.world`)
	if n := eval[int](p, `glow.world.codes.length`); n != 235 {
		t.Errorf("%d countries", n)
	}
	if n := eval[int](p, `glow.world.dots.length / 3`); n != 16722 {
		t.Errorf("%d dots", n)
	}
	for _, c := range []struct {
		code     string
		lat, lon float64
	}{
		{"DE", 52.5, 13.4}, {"BR", -22.5, -43.5}, {"US", 40, -100}, {"JP", 35.7, 139}, {"AU", -25, 134}, {"IS", 64, -18.5}, {"RU", 66, 179},
	} {
		at := text([]float64{c.lon * math.Pi / 180, c.lat * math.Pi / 180})
		if got := eval[string](p, `glow.world.codes[glow.world.country(...`+at+`)] ?? "water"`); got != c.code {
			t.Errorf("%v, %v is in %s, want %s", c.lat, c.lon, got, c.code)
		}
	}
	if at := eval[[]float64](p, `glow.world.middle(glow.world.codes.indexOf("SG"))`); math.Hypot(at[0]-103.8, at[1]-1.3) > 0.2 {
		t.Errorf("Singapore is at %v", at)
	}
	p.unharmed()
}
