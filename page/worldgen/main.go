// Command worldgen makes the page's dotted world, src/world.bin, from Natural
// Earth's country borders (1:50m, public domain) as the npm package world-atlas
// packs them:
//
//	npm pack world-atlas@2.0.2 && tar xzf world-atlas-2.0.2.tgz
//	go run ./worldgen --atlas package/countries-50m.json --out src/world.bin
//
// The world is rows of dots, 0.8° apart; a row has as many dots as fit at that
// spacing on its parallel, so that dots are about equally dense everywhere.
// Every dot knows its country. The file is a sequence of varints:
//
//	world = step·100, first latitude, rows, countries, countries × 2 letters
//	        small, small × { country, (lon+180)·10, (lat+90)·10 }
//	        runs, runs × value, runs × length
//
// A run is a stretch of equal dots, row after row and never beyond the end of
// one; its value is country + 1, or 0 for water.
//
// Odd rows are shifted by half a dot. "Small" are countries that no dot falls
// into. Antarctica is left out.
package main

import (
	"encoding/binary"
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
	b := binary.AppendUvarint(nil, step*100)
	for _, v := range []int{firstLat, len(rows), len(countries)} {
		b = binary.AppendUvarint(b, uint64(v))
	}
	for _, c := range countries {
		b = append(b, c.code...)
	}
	// Values and lengths apart: gzip then makes a third less of them.
	var values, lengths []byte
	seen, runs := map[int]bool{}, 0
	for _, row := range rows {
		for i := 0; i < len(row); runs++ {
			j := i
			for j < len(row) && row[j] == row[i] {
				j++
			}
			seen[row[i]] = true
			values = binary.AppendUvarint(values, uint64(row[i]))
			lengths = binary.AppendUvarint(lengths, uint64(j-i))
			i = j
		}
	}
	b = appendSmall(b, countries, seen)
	b = binary.AppendUvarint(b, uint64(runs))
	return append(append(b, values...), lengths...)
}

func appendSmall(b []byte, countries []country, seen map[int]bool) []byte {
	var small []int
	for i := range countries {
		if !seen[i+1] {
			small = append(small, i)
		}
	}
	b = binary.AppendUvarint(b, uint64(len(small)))
	for _, i := range small {
		lon, lat := countries[i].centre()
		b = binary.AppendUvarint(b, uint64(i))
		b = binary.AppendUvarint(b, uint64(math.Round((lon+180)*10)))
		b = binary.AppendUvarint(b, uint64(math.Round((lat+90)*10)))
	}
	return b
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
