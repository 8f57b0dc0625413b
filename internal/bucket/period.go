// Package bucket names the periods of time that Glow counts in, and packs and
// sums the counts of one bucket.
package bucket

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Period is a length of time that is counted: one bucket holds all the counts
// of one period that began at a multiple of its length (UTC).
type Period string

// The periods, shortest first.
const (
	TenSeconds Period = "10s"
	Minute     Period = "1m"
	Hour       Period = "1h"
	Day        Period = "1d"
	All        Period = "all"
)

// Periods lists all periods, shortest first.
var Periods = []Period{TenSeconds, Minute, Hour, Day, All}

// Seconds is the length of the period; 0 for all time.
func (p Period) Seconds() int64 {
	switch p {
	case TenSeconds:
		return 10
	case Minute:
		return 60
	case Hour:
		return 3600
	case Day:
		return 86400
	}
	return 0
}

// BeatSeconds is the length of one step of the period's beat, its histogram
// over time; 0 where there is none.
func (p Period) BeatSeconds() int64 {
	switch p {
	case TenSeconds, Minute:
		return 1
	case Hour, Day:
		return 60
	}
	return 0
}

// Beats is the number of steps in the period's beat.
func (p Period) Beats() int {
	if p == All {
		return 0
	}
	return int(p.Seconds() / p.BeatSeconds())
}

// HasRegions says whether the period counts regions: hours and longer ones do.
func (p Period) HasRegions() bool { return p == Hour || p == Day || p == All }

// Start is the start of the bucket that holds t; both in Unix seconds ≥ 0.
func (p Period) Start(t int64) int64 {
	if p == All {
		return 0
	}
	return t - t%p.Seconds()
}

// ID is one bucket: a period and where it starts, in Unix seconds.
type ID struct {
	Period Period
	Start  int64
}

// String is the bucket's name in Redis, "<period>:<start>".
func (id ID) String() string { return string(id.Period) + ":" + strconv.FormatInt(id.Start, 10) }

// ParseID reads what [ID.String] writes, and nothing else: a bucket has one name.
func ParseID(s string) (ID, error) {
	p, start, _ := strings.Cut(s, ":")
	n, err := strconv.ParseInt(start, 10, 64)
	id := ID{Period(p), n}
	if err != nil || n < 0 || id.Period != All && id.Period.Seconds() == 0 || id.Period.Start(n) != n || id.String() != s {
		return ID{}, fmt.Errorf("bucket %q: want <period>:<start in unix seconds>", s)
	}
	return id, nil
}

// End is the first second after the bucket; false for all time, which never ends.
func (id ID) End() (int64, bool) { return id.Start + id.Period.Seconds(), id.Period != All }

// Object is the bucket's path in the feed, below "v1/".
func (id ID) Object() string {
	layout := map[Period]string{
		TenSeconds: "2006/01/02/15/04/05",
		Minute:     "2006/01/02/15/04",
		Hour:       "2006/01/02/15",
		Day:        "2006/01/02",
	}[id.Period]
	if layout == "" {
		return "all.json"
	}
	return string(id.Period) + time.Unix(id.Start, 0).UTC().Format("/"+layout) + ".json"
}
