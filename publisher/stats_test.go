package main

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/glowmap/glow/internal/grid"
	"github.com/glowmap/glow/internal/redistest"
)

// naiveStats counts events in the plainest way into the file of one minute of
// the 2014 feed, as a map.
func naiveStats(t testing.TB, events []event, minute int64) object {
	t.Helper()
	g, err := grid.New(0.5)
	if err != nil {
		t.Fatal(err)
	}
	total, before, shares := 0, 0, 0
	issues := map[string]int{}
	places := map[string]int{}        // "EU", "DE"
	of := map[string]map[string]int{} // "EU" → issue → n
	geo := map[string]int{}
	for _, e := range events {
		if e.at >= minute+60 {
			continue
		}
		total++
		if e.at < minute {
			before++
		} else if e.cell >= 0 {
			lat, lon := g.Corner(uint32(e.cell))
			geo[fmt.Sprintf("%.1f %.1f", math.Floor(float64(lat)/1000)/10, math.Floor(float64(lon)/1000)/10)]++
		}
		if len(e.typ) < 7 || e.typ[:6] != "share:" {
			continue
		}
		shares++
		issues[e.typ[6:]]++
		for _, place := range []string{e.continent, "country " + e.country} {
			places[place]++
			if of[place] == nil {
				of[place] = map[string]int{}
			}
			of[place][e.typ[6:]]++
		}
	}
	f := naiveIssues(shares, issues, places, of)
	f["map_total"], f["map_previous_total"], f["share_total"], f["geo"] = float64(total), float64(before), float64(shares), geo
	return f
}

// naiveIssues are the four tables of shares by place.
func naiveIssues(shares int, issues, places map[string]int, of map[string]map[string]int) object {
	part := func(n, of int) float64 {
		if of == 0 {
			return 0
		}
		return math.Floor(float64(n)*10000/float64(of)+0.5) / 10000
	}
	continents, countries := object{}, object{"GLOBAL": object{}}
	ofContinents, ofCountries := object{}, object{}
	for issue, n := range issues {
		countries["GLOBAL"].(object)[issue] = part(n, shares)
		ofContinents[issue], ofCountries[issue] = []any{}, []any{}
	}
	for _, c := range []string{"AF", "AN", "AS", "EU", "NA", "OC", "SA"} {
		continents[c] = object{}
		for issue := range issues {
			p := part(of[c][issue], places[c])
			continents[c].(object)[issue] = p
			ofContinents[issue] = append(ofContinents[issue].([]any), object{"continent": c, "count": p})
		}
	}
	for _, c := range []string{"DE", "GB", "US"} {
		if places["country "+c] < 500 {
			continue
		}
		countries[c] = object{}
		for issue := range issues {
			p := part(of["country "+c][issue], places["country "+c])
			countries[c].(object)[issue] = p
			ofCountries[issue] = append(ofCountries[issue].([]any), object{"country": c, "count": p})
		}
	}
	return object{
		"continent_issues": continents, "country_issues": countries, "issue_continents": ofContinents, "issue_countries": ofCountries,
	}
}

// checkStats compares one file with the naive count.
func checkStats(t testing.TB, name, file string, want object) {
	t.Helper()
	got := object{}
	if err := json.Unmarshal([]byte(file), &got); err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	geo := map[string]int{}
	spots, _ := got["map_geo"].([]any)
	for _, s := range spots {
		s := s.(object)
		geo[fmt.Sprintf("%.1f %.1f", s["lat"], s["lon"])] += int(s["count"].(float64))
	}
	if len(spots) != len(geo) {
		t.Errorf("%s: a spot twice", name)
	}
	delete(got, "map_geo")
	got["geo"] = geo
	for key := range want {
		if !reflect.DeepEqual(got[key], want[key]) {
			t.Errorf("%s: %s is\n%v, want\n%v", name, key, got[key], want[key])
		}
	}
	if len(got) != len(want) {
		t.Errorf("%s: keys %v", name, got)
	}
}

func TestFeed2014(t *testing.T) {
	t.Parallel()
	s, dir := redistest.Start(t), t.TempDir()
	w := newWorker(t, s)
	args := []string{"--once", "--feed-2014", "--target", "file://" + dir}
	r := rand.New(rand.NewPCG(11, 11))
	// Over midnight, with a quiet half hour between.
	events := append(randomEvents(r, 6000, dayStart-3*3600, dayStart-600), randomEvents(r, 3000, dayStart+1200, dayStart+3000)...)
	w.count(events, 500)
	publish(t, s, args...)
	first, newest := events[0].at, events[0].at
	for _, e := range events {
		first, newest = min(first, e.at), max(newest, e.at)
	}
	got := files(t, dir)
	n := 0
	for m := first - first%60; m <= newest; m += 60 {
		name := fmt.Sprintf("stats/%d.json", m)
		checkStats(t, name, got[name], naiveStats(t, events, m))
		n++
	}
	for name := range got {
		if len(name) > 6 && name[:6] == "stats/" {
			n--
		}
	}
	if n != 0 {
		t.Errorf("%d files too few", n)
	}
	before := tree(t, dir)
	publish(t, s, args...)
	sameTree(t, before, tree(t, dir))

	// Late events enter only the files written afterwards.
	more := append(randomEvents(r, 50, dayStart-3*3600, dayStart-2*3600), randomEvents(r, 200, dayStart+3000, dayStart+4000)...)
	w.count(more, 50)
	publish(t, s, args...)
	after := files(t, dir)
	for name, b := range got {
		if len(name) > 6 && name[:6] == "stats/" && after[name] != b {
			t.Errorf("%s was rewritten", name)
		}
	}
	last := fmt.Sprintf("stats/%d.json", int64(dayStart+3900)/60*60)
	checkStats(t, last, after[last], naiveStats(t, append(events, more...), int64(dayStart+3900)/60*60))
}

// While it runs, quiet minutes have files too, and late events of the last
// hour rewrite theirs.
func TestFeed2014Live(t *testing.T) {
	t.Parallel()
	s, dir := redistest.Start(t), t.TempDir()
	w := newWorker(t, s)
	now := time.Now().Unix()
	events := []event{{at: now - 1800, typ: "download", cell: 3}, {at: now - 900, typ: "share:privacy", cell: -1, continent: "EU"}}
	w.count(events, 1)
	args := []string{"--feed-2014", "--target", "file://" + dir}
	p := start(t, command(s, append(soon, args...)...))
	last := fmt.Sprintf("stats/%d.json", now-now%60-60)
	eventually(t, "the last minute has its file", func() bool { return files(t, dir)[last] != "" })
	p.stop()
	late := event{at: now - 1200, typ: "download", cell: 4}
	w.count([]event{late}, 1)
	publish(t, s, append(args, "--once")...)
	events = append(events, late)
	got := files(t, dir)
	for m := (now - 1800) / 60 * 60; m <= now-now%60-60; m += 60 {
		name := fmt.Sprintf("stats/%d.json", m)
		checkStats(t, name, got[name], naiveStats(t, events, m))
	}
}
