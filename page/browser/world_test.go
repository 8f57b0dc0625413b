package browser

import (
	"encoding/base64"
	"math"
	"testing"

	"github.com/glowmap/glow/page/src"
)

// The world's file is read as worldgen wrote it: countries lie where they are.
func TestWorld(t *testing.T) {
	t.Parallel()
	bin, err := src.Files.ReadFile("world.bin")
	if err != nil {
		t.Fatal(err)
	}
	p := units(t)
	eval[any](p, `globalThis.world = new unit.World(Uint8Array.from(atob("`+base64.StdEncoding.EncodeToString(bin)+`"), (c) => c.charCodeAt(0))); null`)
	if n := eval[int](p, `world.codes.length`); n != 235 {
		t.Errorf("%d countries", n)
	}
	if n := eval[int](p, `world.dots.length / 3`); n != 16722 {
		t.Errorf("%d dots", n)
	}
	for _, c := range []struct {
		code     string
		lat, lon float64
	}{
		{"DE", 52.5, 13.4}, {"BR", -22.5, -43.5}, {"US", 40, -100}, {"JP", 35.7, 139}, {"AU", -25, 134}, {"IS", 64, -18.5}, {"RU", 66, 179},
	} {
		at := text([]float64{c.lon * math.Pi / 180, c.lat * math.Pi / 180})
		if got := eval[string](p, `world.codes[unit.countryAt(world, ...`+at+`)] ?? "water"`); got != c.code {
			t.Errorf("%v, %v is in %s, want %s", c.lat, c.lon, got, c.code)
		}
	}
	if at := eval[[]float64](p, `unit.middleOf(world, world.codes.indexOf("SG"))`); math.Hypot(at[0]-103.8, at[1]-1.3) > 0.2 {
		t.Errorf("Singapore is at %v", at)
	}
	p.Unharmed()
}
