package grid

import "testing"

func TestCell(t *testing.T) {
	half, err := New(0.5)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		lat, lon float64
		want     uint32
	}{
		{90, -180, 0},
		{89.99, -180, 0},
		{-90, -180, 359 * 720},
		{-90, 180, 359 * 720}, // 180° E is 180° W
		{0, 0, 179*720 + 360}, // south and west edges belong to the cell
		{-0.0001, 0, 180*720 + 360},
		{0.49996, 0, 178*720 + 360}, // rounds to 0.5
		{51.5142, -0.0931, 76*720 + 359},
	} {
		if got, ok := half.Cell(c.lat, c.lon); !ok || got != c.want {
			t.Errorf("(%v, %v): cell %d %v, want %d", c.lat, c.lon, got, ok, c.want)
		}
	}
	for _, bad := range [][2]float64{{90.1, 0}, {0, 180.1}, {-91, 0}} {
		if _, ok := half.Cell(bad[0], bad[1]); ok {
			t.Errorf("%v is not on Earth", bad)
		}
	}
}

func TestCornerIsInItsCell(t *testing.T) {
	for _, degrees := range []float64{0.1, 0.5, 1, 2.5} {
		g, err := New(degrees)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := Parse(g.String()); err != nil || again != g {
			t.Errorf("%v: reads back as %v, %v", g, again, err)
		}
		for id := uint32(0); id < uint32(g.Cells()); id += 97 {
			lat, lon := g.Corner(id)
			if got, ok := g.Cell(float64(lat)/10000, float64(lon)/10000); !ok || got != id {
				t.Fatalf("grid %v: corner of %d lies in %d", g, id, got)
			}
		}
	}
}

func TestNewRefuses(t *testing.T) {
	for _, degrees := range []float64{0, -1, 0.001, 0.7, 0.50001, 200} {
		if g, err := New(degrees); err == nil {
			t.Errorf("%v degrees gave %v", degrees, g)
		}
	}
}
