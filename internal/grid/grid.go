// Package grid divides the world into square cells.
//
// With s the side in ten-thousandths of a degree: row = rows − 1 − ⌊(lat +
// 900000)/s⌋ and column = ⌊(lon + 1800000)/s⌋ mod columns, where lat and lon
// are coordinates rounded to whole ten-thousandths of a degree (half away from
// zero); latitude 90° belongs to row 0, longitude 180° to column 0; a cell's
// id is row × columns + column. South and west edges belong to the cell.
package grid

import (
	"fmt"
	"math"
	"strconv"
)

// Grid is a division of the world into cells of one size.
type Grid struct {
	side       int // ten-thousandths of a degree
	rows, cols int
}

// New makes a grid of cells of the given side in degrees. The side, in
// ten-thousandths of a degree, must be whole and divide 1,800,000; the
// smallest is 0.01°, 648 million cells.
func New(degrees float64) (Grid, error) {
	side := math.Round(degrees * 10000)
	if !(side >= 100 && side <= 1800000) || math.Abs(degrees*10000-side) > 1e-6 || 1800000%int(side) != 0 {
		return Grid{}, fmt.Errorf("cell of %v degrees: must be at least 0.01 and divide 180 evenly, such as 0.1, 0.5 or 1", degrees)
	}
	s := int(side)
	return Grid{side: s, rows: 1800000 / s, cols: 3600000 / s}, nil
}

// Parse is [New] for the text that [Grid.String] writes.
func Parse(s string) (Grid, error) {
	d, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return Grid{}, fmt.Errorf("cell size %q: not a number of degrees", s)
	}
	return New(d)
}

// String is the side in degrees, as short as it can be exact: "0.5".
func (g Grid) String() string { return strconv.FormatFloat(g.Degrees(), 'f', -1, 64) }

// Degrees is the side of a cell.
func (g Grid) Degrees() float64 { return float64(g.side) / 10000 }

// Cells is the number of cells; ids are below it.
func (g Grid) Cells() int { return g.rows * g.cols }

// Cell is the id of the cell at a latitude and longitude in degrees; false if
// they are not on Earth.
func (g Grid) Cell(lat, lon float64) (uint32, bool) {
	if !(lat >= -90 && lat <= 90 && lon >= -180 && lon <= 180) {
		return 0, false
	}
	row := max(0, g.rows-1-(int(Round(lat))+900000)/g.side)
	col := (int(Round(lon)) + 1800000) / g.side % g.cols
	return uint32(row*g.cols + col), true
}

// Round is a coordinate on Earth in whole ten-thousandths of a degree.
func Round(degrees float64) int32 { return int32(math.Round(degrees * 10000)) }

// Corner is the south-west corner of a cell, in ten-thousandths of a degree.
func (g Grid) Corner(cell uint32) (lat, lon int) {
	row, col := int(cell)/g.cols, int(cell)%g.cols
	return (g.rows-1-row)*g.side - 900000, col*g.side - 1800000
}
