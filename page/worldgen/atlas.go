package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
)

// topology is the part of TopoJSON that world-atlas uses.
type topology struct {
	Transform struct{ Scale, Translate [2]float64 }
	Arcs      [][][2]int
	Objects   struct {
		Countries struct{ Geometries []geometry }
	}
}

type geometry struct {
	Type       string
	ID         string
	Arcs       json.RawMessage
	Properties struct{ Name string }
}

// unnumbered are the areas that Natural Earth draws without an ISO number, and
// the code under which a GeoIP database counts them.
var unnumbered = map[string]string{
	"Kosovo": "XK", "N. Cyprus": "CY", "Somaliland": "SO", "Siachen Glacier": "IN",
	"Indian Ocean Ter.": "AU", "Ashmore and Cartier Is.": "AU",
}

// readAtlas reads the countries, in the order of their codes.
func readAtlas(path string) ([]country, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var t topology
	if err := json.Unmarshal(data, &t); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	byCode := map[string]*country{}
	for _, g := range t.Objects.Countries.Geometries {
		code := alpha2(g.ID)
		if code == "" {
			code = unnumbered[g.Properties.Name]
		}
		if code == "AQ" {
			continue
		}
		if code == "" {
			return nil, fmt.Errorf("%s has no country code: add it to the table", g.Properties.Name)
		}
		polygons, err := t.polygons(g)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", g.Properties.Name, err)
		}
		if byCode[code] == nil {
			byCode[code] = &country{code: code}
		}
		byCode[code].polygons = append(byCode[code].polygons, polygons...)
	}
	var all []country
	for _, code := range slices.Sorted(maps.Keys(byCode)) {
		all = append(all, *byCode[code])
	}
	return all, nil
}

func (t *topology) polygons(g geometry) ([]polygon, error) {
	var arcs [][][]int
	switch g.Type {
	case "MultiPolygon":
		if err := json.Unmarshal(g.Arcs, &arcs); err != nil {
			return nil, err
		}
	case "Polygon":
		arcs = make([][][]int, 1)
		if err := json.Unmarshal(g.Arcs, &arcs[0]); err != nil {
			return nil, err
		}
	default:
		return nil, fmt.Errorf("unexpected geometry %q", g.Type)
	}
	var out []polygon
	for _, rings := range arcs {
		var p polygon
		for _, ids := range rings {
			p = append(p, t.ring(ids))
		}
		out = append(out, p)
	}
	return out, nil
}

// ring joins arcs; a negative number ~i is arc i backwards.
func (t *topology) ring(ids []int) []point {
	var ring []point
	for _, id := range ids {
		backwards := id < 0
		if backwards {
			id = ^id
		}
		line := t.line(id)
		if backwards {
			slices.Reverse(line)
		}
		if len(ring) > 0 {
			line = line[1:]
		}
		ring = append(ring, line...)
	}
	return ring
}

func (t *topology) line(id int) []point {
	line := make([]point, len(t.Arcs[id]))
	x, y := 0, 0
	for i, d := range t.Arcs[id] {
		x, y = x+d[0], y+d[1]
		line[i] = point{
			float64(x)*t.Transform.Scale[0] + t.Transform.Translate[0],
			float64(y)*t.Transform.Scale[1] + t.Transform.Translate[1],
		}
	}
	return line
}
