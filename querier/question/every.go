package question

import "time"

// Every is the length of a period.
type Every string

// All lengths of periods, ascending.
var All = []Every{"1m", "10m", "1h", "1d", "1w", "1mo"}

const (
	day  = 24 * 60 * 60
	week = 7 * day
	// monday is how far the first second of 1970, a Thursday, is into its week.
	monday = 3 * day
	month  = Every("1mo")
)

var seconds = map[Every]int64{"1m": 60, "10m": 600, "1h": 3600, "1d": day, "1w": week}

// Start is the first second of the period that a second is in.
func (e Every) Start(sec int64) int64 {
	switch e {
	case month:
		t := time.Unix(sec, 0).UTC()
		return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC).Unix()
	case "1w":
		return sec - (sec+monday)%week
	}
	return sec - sec%seconds[e]
}

// Next is the first second of the next period.
func (e Every) Next(start int64) int64 {
	if e == month {
		return time.Unix(start, 0).UTC().AddDate(0, 1, 0).Unix()
	}
	return start + seconds[e]
}

// Periods is how many periods have a part in a span; at least 1.
func (e Every) Periods(from, to int64) int {
	first, last := e.Start(from), e.Start(to-1)
	if e == month {
		a, b := time.Unix(first, 0).UTC(), time.Unix(last, 0).UTC()
		return (b.Year()-a.Year())*12 + int(b.Month()) - int(a.Month()) + 1
	}
	return int((last-first)/seconds[e]) + 1
}
