// Package question is what clients may ask: one JSON document, checked against
// what there is (parse.go, where.go), of which SQL is made (sql.go).
//
// Nothing of a client's text becomes SQL. A dimension is one that the archive
// has, or the question is refused; values are parameters.
package question

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Question is a checked question. Two that mean the same are mostly equal.
type Question struct {
	Keys  []string    // types of events, in the order asked
	Where []Condition // all of which hold, by dimension
	Not   []Condition // none of which holds, by dimension
	From  int64       // first second
	To    int64       // the second after the last
	Every Every       // "" for one number a group
	By    []string    // dimensions, by their columns
	Order string      // "", "time", "n" or a dimension; "-" before it turns it round
	Limit int         // groups; 0: all
}

// Shape is what may be asked about.
type Shape struct {
	Keys       []string // types, by name
	Dimensions []string // columns and the dimensions of time
	From, To   int64    // if the question does not say
	MaxRows    int
}

// Dimensions of every archive, besides attributes.
const (
	Continent = "continent"
	Country   = "country"
	Region    = "region"
	Cell      = "cell"
	Lat       = "lat"
	Lon       = "lon"
	Date      = "date"
	Hour      = "hour"
	Weekday   = "weekday"
)

// Places are the dimensions of a place by which may be grouped, and Times are
// those of the time, in UTC.
var (
	Places = []string{Continent, Country, Region, Cell}
	Times  = []string{Date, Hour, Weekday}
)

// Attr is how dimensions are named that are attributes of events.
const Attr = "attr_"

// Name is how a dimension is called in answers: an attribute by its key, unless
// that is the name of another dimension.
func Name(dimension string) string {
	key, ok := strings.CutPrefix(dimension, Attr)
	if !ok || builtin(key) || strings.HasPrefix(key, Attr) {
		return dimension
	}
	return key
}

func builtin(name string) bool {
	return slices.Contains(Places, name) || slices.Contains(Times, name) ||
		name == Lat || name == Lon || name == "time" || name == "n" || name == "key"
}

// Error is what is wrong with a question, and what would do.
type Error struct {
	Field   string // of the question, as in where.country
	Message string
	See     string // part of the documentation page
}

// Error has the field, for logs and tests: answers have it apart.
func (e *Error) Error() string {
	if e.Field == "" {
		return e.Message
	}
	return e.Field + ": " + e.Message
}

func wrong(field, format string, args ...any) *Error {
	part, _, _ := strings.Cut(field, ".")
	see := map[string]string{
		"keys": "/#keys", "where": "/#where", "not": "/#where", "from": "/#from", "to": "/#from",
		"every": "/#every", "by": "/#by", "order": "/#order", "limit": "/#limit",
	}[part]
	if see == "" {
		see = "/"
	}
	return &Error{Field: field, Message: fmt.Sprintf(format, args...), See: see}
}

// Canonical is the question written the one way, as a key of caches.
func (q *Question) Canonical() []byte {
	b, err := json.Marshal(q)
	if err != nil {
		panic(err) // strings and finite numbers
	}
	return b
}

// resolve finds a dimension by the name that a client uses.
func (s *Shape) resolve(name string) (dimension string, ok bool) {
	if slices.Contains(s.Dimensions, name) {
		return name, true
	}
	if !builtin(name) && slices.Contains(s.Dimensions, Attr+name) {
		return Attr + name, true
	}
	return "", false
}

// names lists the dimensions for people.
func (s *Shape) names() string {
	list := make([]string, len(s.Dimensions))
	for i, d := range s.Dimensions {
		list[i] = Name(d)
	}
	return enumerate(list)
}

// enumerate lists what there is, if that is not too much.
func enumerate(list []string) string {
	const most = 30
	if len(list) == 0 {
		return "there are none"
	}
	if len(list) > most {
		return fmt.Sprintf("there are %s and %d more: see /v1/keys", strings.Join(list[:most], ", "), len(list)-most)
	}
	return "there are " + strings.Join(list, ", ")
}
