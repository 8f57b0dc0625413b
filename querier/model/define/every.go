package define

import (
	"slices"
	"time"
)

// Every is how much time a row stands for.
type Every struct {
	Name    string
	Seconds int64  // 0: longer than a day
	Column  string // which says the period; "" where there is but one
}

// Steps are all there are.
var Steps = []Every{
	{"1s", 1, "time"},
	{"10s", 10, "time"},
	{"1m", 60, "time"},
	{"10m", 600, "time"},
	{"1h", 3600, "time"},
	{"1d", 86400, "date"},
	{"1w", 0, "week"},
	{"1mo", 0, "month"},
	{"all", 0, ""},
}

// step is the one with that name.
func step(name string) (Every, bool) {
	i := slices.IndexFunc(Steps, func(e Every) bool { return e.Name == name })
	if i < 0 {
		return Every{}, false
	}
	return Steps[i], true
}

// Start is the first second of the period in which a second lies.
func (e Every) Start(second int64) int64 {
	if e.Seconds > 0 {
		return second - second%e.Seconds
	}
	t := time.Unix(second-second%86400, 0).UTC()
	switch e.Name {
	case "1w": // Mondays; 1970 began on a Thursday
		return t.AddDate(0, 0, -(int(t.Weekday())+6)%7).Unix()
	case "1mo":
		return t.AddDate(0, 0, 1-t.Day()).Unix()
	}
	return 0
}

// Format writes the start of a period.
func (e Every) Format(start int64) string {
	t := time.Unix(start, 0).UTC()
	switch e.Column {
	case "time":
		return t.Format(time.RFC3339)
	case "month":
		return t.Format("2006-01")
	}
	return t.Format(time.DateOnly)
}
