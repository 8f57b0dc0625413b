// Command worldgen makes the page's dotted world, src/world.bin, from Natural
// Earth's country borders (1:50m, public domain) as the npm package world-atlas
// packs them:
//
//	npm pack world-atlas@2.0.2 && tar xzf world-atlas-2.0.2.tgz
//	go run ./worldgen --atlas package/countries-50m.json --out src/world.bin
//
// The world is rows of dots, 0.8° apart; a row has as many dots as fit at that
// spacing on its parallel, so that dots are about equally dense everywhere. Odd
// rows are shifted by half a dot. Every dot knows its country. Antarctica is
// left out. The file, which src/map/world.ts reads, is three bytes
//
//	step·100, first latitude, rows
//
// and a stream of bits as code.go writes it:
//
//	for each code AA … ZZ: whether it is a country's
//	for each dot, row after row: its country, said by the dots around it
//	for each country that no dot fell into: (lon+180)·10 in 12 bits, (lat+90)·10 in 11
package main

import (
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"slices"
)

const (
	step     = 0.8 // degrees between dots
	firstLat = 84
	lastLat  = -56
)

func main() {
	atlas := flag.String("atlas", "", "countries-50m.json of world-atlas")
	out := flag.String("out", "src/world.bin", "the file to write")
	flag.Parse()
	if err := run(*atlas, *out); err != nil {
		fmt.Fprintf(os.Stderr, "worldgen: %v\n", err)
		os.Exit(1)
	}
}

func run(atlas, out string) error {
	if atlas == "" {
		return errors.New("--atlas FILE is needed")
	}
	countries, err := readAtlas(atlas)
	if err != nil {
		return err
	}
	rows := raster(countries)
	b := encode(countries, rows)
	fmt.Printf("%d countries, %d rows, %d dots, %d bytes\n", len(countries), len(rows), dots(rows), len(b))
	return os.WriteFile(out, b, 0o644)
}

// raster says for every dot which country it is in: index + 1, or 0.
func raster(countries []country) [][]int {
	var rows [][]int
	for r := 0; ; r++ {
		lat := firstLat - float64(r)*step
		if lat < lastLat {
			return rows
		}
		n := max(1, int(math.Round(360*math.Cos(lat*math.Pi/180)/step)))
		row := make([]int, n)
		shift := float64(r%2) / 2
		for i, c := range countries {
			for _, p := range c.polygons {
				p.fill(lat, func(west, east float64) {
					first := int(math.Ceil((west+180)/360*float64(n) - shift))
					last := int(math.Floor((east+180)/360*float64(n) - shift))
					for k := first; k <= last; k++ {
						row[((k%n)+n)%n] = i + 1
					}
				})
			}
		}
		rows = append(rows, row)
	}
}

func dots(rows [][]int) (n int) {
	for _, row := range rows {
		for _, v := range row {
			if v > 0 {
				n++
			}
		}
	}
	return n
}

func encode(countries []country, rows [][]int) []byte {
	w := newCoder()
	for i, next := 0, 0; i < 26*26; i++ {
		is := next < len(countries) && countries[next].code == string([]byte{'A' + byte(i/26), 'A' + byte(i%26)})
		w.flag(contextOther, is)
		if is {
			next++
		}
	}
	seen := map[int]bool{}
	above := []int{0}
	for r, row := range rows {
		for i, v := range row {
			w.dot(above, row, r, i)
			seen[v] = true
		}
		above = row
	}
	for i, c := range countries {
		if !seen[i+1] {
			lon, lat := c.centre()
			w.number(int(math.Round((lon+180)*10)), 12)
			w.number(int(math.Round((lat+90)*10)), 11)
		}
	}
	return append([]byte{byte(math.Round(step * 100)), firstLat, byte(len(rows))}, w.bytes()...)
}

// country is one ISO 3166-1 code and its land.
type country struct {
	code     string
	polygons []polygon
}

// centre is the middle of the largest polygon's box.
func (c country) centre() (lon, lat float64) {
	p := slices.MaxFunc(c.polygons, func(a, b polygon) int {
		return int(math.Copysign(1, a.boxArea()-b.boxArea()))
	})
	box := p.box()
	return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
}

type point [2]float64

// polygon is an outer ring and its holes, closed.
type polygon [][]point

func (p polygon) box() [4]float64 {
	b := [4]float64{math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)}
	for _, q := range p[0] {
		b = [4]float64{min(b[0], q[0]), min(b[1], q[1]), max(b[2], q[0]), max(b[3], q[1])}
	}
	return b
}

func (p polygon) boxArea() float64 {
	b := p.box()
	return (b[2] - b[0]) * (b[3] - b[1])
}

// fill calls span for every stretch of the parallel that is inside. Edges and
// stretches across ±180° are artefacts of the flat data and are left out.
func (p polygon) fill(lat float64, span func(west, east float64)) {
	var xs []float64
	for _, ring := range p {
		for i := 0; i+1 < len(ring); i++ {
			a, b := ring[i], ring[i+1]
			if math.Abs(b[0]-a[0]) > 180 || (a[1] <= lat) == (b[1] <= lat) {
				continue
			}
			xs = append(xs, a[0]+(lat-a[1])/(b[1]-a[1])*(b[0]-a[0]))
		}
	}
	slices.Sort(xs)
	for i := 0; i+1 < len(xs); i += 2 {
		if xs[i+1]-xs[i] <= 170 {
			span(xs[i], xs[i+1])
		}
	}
}
