package feed2014

import (
	"encoding/json"
	"testing"

	"github.com/glowmap/glow/internal/bucket"
	"github.com/glowmap/glow/internal/grid"
	"github.com/glowmap/glow/publisher/counts"
)

func TestLimits(t *testing.T) {
	const hour, day, now = 3600, 86400, 1395100800 + 30 // half a minute after midnight
	const ended = now - 30 - 60
	for name, c := range map[string]struct {
		span        Span
		first, last int64
	}{
		"all of a short feed":          {Span{First: now - 30 - hour, Newest: now - 30 - 600, Now: now}, now - 30 - hour, now - 30 - 600},
		"the minute that runs waits":   {Span{First: ended - 120, Newest: ended + 60, Now: now}, ended - 120, ended},
		"an event ahead of its time":   {Span{First: ended - 120, Newest: ended + 300, Now: now}, ended - 120, ended},
		"quiet minutes, live":          {Span{First: ended - day, Newest: ended - 7200, Now: now, Live: true}, ended - day, ended},
		"quiet for long, live":         {Span{First: ended - 9*day, Newest: ended - 8*day, Now: now, Live: true}, ended - 9*day, ended - 8*day},
		"seven days back, whole hours": {Span{First: ended - 20*day, Newest: ended, Now: now}, ended + 60 - 7*day, ended},
		"goes on after what is done":   {Span{First: ended - 9*hour, Newest: ended - 5*hour, Now: now, Done: ended - 6*hour, DoneKnown: true}, ended - 6*hour + 60, ended - 5*hour},
		"rewrites the last hour":       {Span{First: ended - 9*hour, Newest: ended, Now: now, Done: ended, DoneKnown: true}, ended + 60 - hour, ended},
		"rewrites quiet minutes too":   {Span{First: ended - 9*hour, Newest: ended - 600, Now: now, Done: ended - 120, DoneKnown: true}, ended + 60 - hour, ended - 120},
		"nothing before the first":     {Span{First: ended - 600, Newest: ended, Now: now, Done: ended, DoneKnown: true}, ended - 600, ended},
		"nothing to do in an old feed": {Span{First: 0, Newest: 6000, Now: now, Done: 6000, DoneKnown: true}, 6060, 6000},
		"an old feed that has gone on": {Span{First: 0, Newest: 9000, Now: now, Done: 6000, DoneKnown: true}, 6060, 9000},
	} {
		if first, last := c.span.limits(); first != c.first || last != c.last {
			t.Errorf("%s: %d to %d, want %d to %d", name, first-ended, last-ended, c.first-ended, c.last-ended)
		}
	}
}

func TestFraction(t *testing.T) {
	for _, c := range []struct {
		part, whole uint64
		want        string
	}{{0, 0, "0"}, {1, 3, "0.3333"}, {2, 3, "0.6667"}, {1, 1, "1"}, {1, 32, "0.0313"}, {1, 30000, "0"}, {7, 75, "0.0933"}} {
		if b, err := json.Marshal(fractionOf(c.part, c.whole)); string(b) != c.want || err != nil {
			t.Errorf("%d of %d is %s, want %s", c.part, c.whole, b, c.want)
		}
	}
}

// Small cells of one tenth of a degree are one spot, of all types.
func TestSpots(t *testing.T) {
	g, err := grid.New(0.05)
	if err != nil {
		t.Fatal(err)
	}
	b := &counts.Bucket{Sum: bucket.Sum{}}
	at := func(typ string, lat, lon float64) {
		cell, _ := g.Cell(lat, lon)
		b.Sum.Dims(typ).Cells[cell]++
	}
	at("download", 51.51, -0.07)
	at("download", 51.56, -0.02)
	at("share:privacy", 51.51, -0.07)
	at("download", -37.95, 144.96)
	at("download", 90, 180)
	got, err := json.Marshal(spotsOf(b, g))
	const want = `[{"count":1,"lat":89.9,"lon":-180},{"count":3,"lat":51.5,"lon":-0.1},{"count":1,"lat":-38,"lon":144.9}]`
	if string(got) != want || err != nil {
		t.Errorf("%v\n got %s\nwant %s", err, got, want)
	}
}

// Before any share, and before any event in a minute, all parts are there.
func TestEmptyFile(t *testing.T) {
	got, err := newTally().encode(0, []spot{})
	const want = `{"continent_issues":{"AF":{},"AN":{},"AS":{},"EU":{},"NA":{},"OC":{},"SA":{}},"country_issues":{"GLOBAL":{}},` +
		`"issue_continents":{},"issue_countries":{},"map_geo":[],"map_previous_total":0,"map_total":0,"share_total":0}`
	if string(got) != want || err != nil {
		t.Errorf("%v\n got %s\nwant %s", err, got, want)
	}
}
