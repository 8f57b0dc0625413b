// Package located is the wire format of what was counted, on its way into the
// archive: one event is one line of text, its place instead of its address,
//
//	<unix seconds> <type> <continent> <country> <region> <cell> <lat> <lon> <attributes>
//
// separated by one space each, with "-" for what is unknown. Latitude and
// longitude are whole ten-thousandths of a degree; whoever has one of cell,
// latitude and longitude has all three. Numbers are written without leading
// zeros or a plus sign, so that an event has exactly one line.
//
// geoworker appends such lines to the stream [keys.Keys.Located] inside the
// step that counts their events, while the archive is on; an entry holds them
// in its field [FieldEvents], separated by '\n', and their number in [FieldN].
package located

import (
	"errors"
	"strconv"
	"unsafe"

	"github.com/glowmap/glow/internal/event"
)

// Fields of an entry of the stream.
const (
	FieldEvents = "events"
	FieldN      = "n"
)

const (
	// MaxEntry is how many bytes of lines one entry holds at most.
	MaxEntry = 1 << 20
	// MaxPlace is the longest [Place], written.
	MaxPlace = len("EU DE DE-BBB 4294967295 -900000 -1800000")
	// MaxLine is the longest line, without its newline.
	MaxLine = len("253402300799") + 1 + event.MaxType + 1 + MaxPlace + 1 + event.MaxAttrs
)

// Errors of [Parse]. Each is one thing wrong with a line.
var (
	ErrFields = errors.New("want: unix seconds, type, continent, country, region, cell, latitude, longitude and attributes, separated by one space")
	ErrTime   = errors.New("bad unix time")
	ErrType   = errors.New("bad type")
	ErrPlace  = errors.New("bad continent, country or region")
	ErrSpot   = errors.New("bad cell, latitude or longitude")
	ErrAttrs  = errors.New("bad attributes")
)

// Place is where an event happened. Codes are empty where they are unknown.
type Place struct {
	Continent string // two capitals
	Country   string // two capitals
	Region    string // country, "-", one to three capitals or digits
	Located   bool   // whether the rest is known
	Cell      uint32 // of the feed's grid
	Lat, Lon  int32  // ten-thousandths of a degree
}

// Event says that at Time (Unix seconds, 0 to [event.MaxTime]) Type happened
// at Place. After [Parse], all that is text shares memory with the line.
type Event struct {
	Time int64
	Type string
	Place
	Attrs string // query string, empty if there is none
}

// Append appends the wire form of e, without a newline.
func (e *Event) Append(dst []byte) []byte {
	dst = AppendHead(dst, e.Time, e.Type)
	dst = e.Place.Append(dst)
	return AppendAttrs(dst, e.Attrs)
}

// AppendHead appends what stands before the place, with the space between.
func AppendHead(dst []byte, time int64, typ string) []byte {
	dst = strconv.AppendInt(dst, time, 10)
	dst = append(dst, ' ')
	dst = append(dst, typ...)
	return append(dst, ' ')
}

// Append appends the five fields of a place.
func (p *Place) Append(dst []byte) []byte {
	dst = append(appendCode(dst, p.Continent), ' ')
	dst = append(appendCode(dst, p.Country), ' ')
	dst = append(appendCode(dst, p.Region), ' ')
	if !p.Located {
		return append(dst, "- - -"...)
	}
	dst = append(strconv.AppendUint(dst, uint64(p.Cell), 10), ' ')
	dst = append(strconv.AppendInt(dst, int64(p.Lat), 10), ' ')
	return strconv.AppendInt(dst, int64(p.Lon), 10)
}

// AppendAttrs appends what stands behind the place, with the space between.
func AppendAttrs[T ~string | ~[]byte](dst []byte, attrs T) []byte {
	if len(attrs) == 0 {
		return append(dst, " -"...)
	}
	return append(append(dst, ' '), attrs...)
}

func appendCode(dst []byte, code string) []byte {
	if code == "" {
		return append(dst, '-')
	}
	return append(dst, code...)
}

// Parse reads one line without its newline. It does not allocate.
func Parse(line string) (Event, error) {
	var f [9]string
	if !split(line, &f) {
		return Event{}, ErrFields
	}
	e := Event{Type: f[1]}
	var ok bool
	if e.Time, ok = integer(f[0], 0, event.MaxTime); !ok {
		return Event{}, ErrTime
	}
	if !validType(f[1]) {
		return Event{}, ErrType
	}
	if !e.codes(f[2], f[3], f[4]) {
		return Event{}, ErrPlace
	}
	if !e.spot(f[5], f[6], f[7]) {
		return Event{}, ErrSpot
	}
	if f[8] != "-" {
		if e.Attrs = f[8]; !validAttrs(e.Attrs) {
			return Event{}, ErrAttrs
		}
	}
	return e, nil
}

// split cuts a line into exactly as many fields as there are.
func split(line string, f *[9]string) bool {
	n, from := 0, 0
	for i := range len(line) {
		if line[i] != ' ' {
			continue
		}
		if n == len(f)-1 {
			return false
		}
		f[n] = line[from:i]
		n, from = n+1, i+1
	}
	f[n] = line[from:]
	return n == len(f)-1
}

func (p *Place) codes(continent, country, region string) bool {
	var ok [3]bool
	p.Continent, ok[0] = code(continent, letters(continent))
	p.Country, ok[1] = code(country, letters(country))
	p.Region, ok[2] = code(region, regional(region, p.Country))
	return ok == [3]bool{true, true, true}
}

// code is what a field says, which is valid or "-" for none.
func code(field string, valid bool) (string, bool) {
	if field == "-" {
		return "", true
	}
	return field, valid
}

func (p *Place) spot(cell, lat, lon string) bool {
	if cell == "-" {
		return lat == "-" && lon == "-"
	}
	c, okCell := integer(cell, 0, 1<<32-1)
	y, okLat := integer(lat, -900000, 900000)
	x, okLon := integer(lon, -1800000, 1800000)
	p.Located, p.Cell, p.Lat, p.Lon = true, uint32(c), int32(y), int32(x)
	return okCell && okLat && okLon
}

// letters says whether a code is two capitals, as of a continent or a country.
func letters(code string) bool {
	return len(code) == 2 && code[0] >= 'A' && code[0] <= 'Z' && code[1] >= 'A' && code[1] <= 'Z'
}

// regional says whether a code is that of a region of the country.
func regional(code, country string) bool {
	if len(code) < 4 || len(code) > 6 || country == "" || code[:2] != country || code[2] != '-' {
		return false
	}
	for _, c := range []byte(code[3:]) {
		if !(c >= 'A' && c <= 'Z' || c >= '0' && c <= '9') {
			return false
		}
	}
	return true
}

// integer reads a number as [strconv.AppendInt] writes it.
func integer(s string, low, high int64) (n int64, ok bool) {
	digits := s
	if len(s) > 1 && s[0] == '-' {
		digits = s[1:]
	}
	if len(digits) == 0 || len(digits) > 12 || digits[0] == '0' && len(s) > 1 {
		return 0, false
	}
	for _, c := range []byte(digits) {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	if len(digits) < len(s) {
		n = -n
	}
	return n, n >= low && n <= high
}

// The rules for types and attributes are those of the queue.
func validType(s string) bool { return event.ValidType(unsafe.Slice(unsafe.StringData(s), len(s))) }

func validAttrs(s string) bool { return event.ValidAttrs(unsafe.Slice(unsafe.StringData(s), len(s))) }
