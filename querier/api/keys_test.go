//go:build cgo

package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/internal/located"
	"github.com/glowmap/glow/querier/archivetest"
	"github.com/glowmap/glow/querier/engine"
)

func TestKeys(t *testing.T) {
	archive := random(t)
	a, token := inside(t, archive, "*")
	got := a.ask("GET", "/v1/keys", "", token)
	var keys discovery
	a.check(json.Unmarshal([]byte(got.body), &keys))
	n := map[string]uint64{}
	lang := map[string]uint64{}
	for _, r := range archive.Rows {
		n[r.Type]++
		value := "null"
		for _, at := range r.Attrs {
			if at.Key == "lang" {
				value = at.Value
			}
		}
		lang[value]++
	}
	for _, k := range keys.Keys {
		if *k.N != n[k.Key] {
			t.Errorf("%s: %d, want %d", k.Key, *k.N, n[k.Key])
		}
	}
	var names []string
	for _, d := range keys.Dimensions {
		names = append(names, d.Name)
		if d.Name != "lang" {
			continue
		}
		for _, v := range d.Values {
			value := "null"
			if v.Value != nil {
				value = *v.Value
			}
			if *v.N != lang[value] {
				t.Errorf("lang %q: %d, want %d", value, *v.N, lang[value])
			}
			delete(lang, value)
		}
		delete(lang, "null") // of files that have no such column, nobody knows
	}
	if len(keys.Keys) != len(n) || len(lang) > 0 || keys.Door != "internal" {
		t.Errorf("%s\nwithout %v", got.body, lang)
	}
	if want := "continent country region cell lat lon date hour weekday attr_country lang os"; strings.Join(names, " ") != want {
		t.Errorf("dimensions %v, want %s", names, want)
	}
	if keys.From == nil || keys.Until == nil || *keys.Until != "2026-04-01T15:00:00Z" {
		t.Error(got.body)
	}
}

// A new file shows up by itself, and with it new versions of all answers.
func TestNewFile(t *testing.T) {
	history := random(t)
	a, token := inside(t, history, "*")
	before := a.ask("GET", "/v1/keys", "", token)
	row := archive.Row{Time: archivetest.First + 5*archivetest.Day, Type: "brand-new", Attrs: []archive.Attr{{Key: "beta", Value: "yes"}}}
	history.Add([]archive.Row{row}, false)
	history.Commit()
	a.check(a.catalog.Refresh(t.Context()))
	e, err := engine.OpenDuckDB(a.catalog, engine.Limits{Folders: []string{history.Dir}, Threads: 1, Memory: 1 << 28, Concurrency: 1})
	a.check(err)
	defer e.Close()
	a.check(a.catalog.Count(t.Context(), e))
	after := a.ask("GET", "/v1/keys", "", token, "If-None-Match: "+before.Header.Get("ETag"))
	if after.StatusCode != 200 || !strings.Contains(after.body, `"brand-new"`) || !strings.Contains(after.body, `"beta"`) {
		t.Error(after.Status, after.body)
	}
}

// small has types and places of all sizes, some of them known to few.
func small(t *testing.T, r *rand.Rand) *archivetest.Archive {
	a := archivetest.New(t)
	for _, typ := range []string{"download", "share:one", "share:two"} {
		var rows []archive.Row
		for range 1 + r.IntN(12) {
			continent := []string{"EU", "NA", "AS", ""}[r.IntN(4)]
			place := located.Place{Continent: continent}
			if continent != "" {
				place.Country = continent[:1] + string('P'+rune(r.IntN(4)))
				if r.IntN(3) > 0 {
					place.Region = place.Country + "-" + string('A'+rune(r.IntN(3)))
				}
			}
			for range 1 + r.IntN([]int{4, 15, 60}[r.IntN(3)]) {
				rows = append(rows, archive.Row{Time: archivetest.First + r.Int64N(40*3600), Type: typ, Place: place})
			}
		}
		slices.SortStableFunc(rows, func(a, b archive.Row) int { return int(a.Time/archivetest.Day - b.Time/archivetest.Day) })
		for len(rows) > 0 {
			end := slices.IndexFunc(rows, func(o archive.Row) bool { return o.Time/archivetest.Day != rows[0].Time/archivetest.Day })
			if end < 0 {
				end = len(rows)
			}
			a.Add(rows[:end], true)
			rows = rows[end:]
		}
	}
	a.Commit()
	return a
}

// What discovery says without a token, and what a place is less its parts, is no
// small count: of a type less its values, a continent less its countries, a
// country less its regions.
func TestPublicKeys(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 5 {
		a := newAsker(t, small(t, r), func(s *Settings) {
			s.Public = Public{Types: []string{"*"}, Dimensions: []string{"continent", "country", "region"}, MinCount: 10}
		})
		var keys discovery
		body := a.ask("GET", "/v1/keys", "").body
		a.check(json.Unmarshal([]byte(body), &keys))
		a.check(readDocument(t).valid("keys", body))
		for _, d := range keys.Dimensions {
			for _, v := range d.Values {
				if n := a.events("", d.Name, v.Value); n < 10 || v.N != nil {
					t.Errorf("%s %v of %d events is told", d.Name, v, n)
				}
			}
			if known := slices.DeleteFunc(d.Values, func(v value) bool { return v.Value == nil }); *d.Distinct != len(known) || d.More {
				t.Errorf("%s: %d and more: %t", d.Name, *d.Distinct, d.More)
			}
		}
		for _, k := range keys.Keys {
			if n := a.events(k.Key, "", nil); (k.N == nil) != (n < 10) || k.N == nil && (k.From != *keys.From || k.To != *keys.To) {
				t.Errorf("%v of %d", k, n)
			}
			a.difference(k)
		}
	}
}

// events counts rows by hand: of a type, or all, that have a value.
func (a *asker) events(typ, dimension string, value *string) (n int) {
	for _, r := range a.archive.Rows {
		have := map[string]string{"": "", "continent": r.Continent, "country": r.Country, "region": r.Region}[dimension]
		if (typ == "" || r.Type == typ) && (value == nil && have == "" || value != nil && have == *value) {
			n++
		}
	}
	return n
}

// difference subtracts from what is told of each place what is told of its parts.
func (a *asker) difference(k key) {
	a.Helper()
	in := map[string]string{} // each place: what it is in
	for _, r := range a.archive.Rows {
		in[r.Region], in[r.Country], in[r.Continent] = r.Country, r.Continent, "all"
	}
	left, parts := map[string]int64{}, map[string]bool{}
	if k.N != nil {
		left["all"] = int64(*k.N)
	}
	for _, by := range []string{"continent", "country", "region"} {
		rows := a.rows(fmt.Sprintf(`{"keys":[%q],"by":[%q]}`, k.Key, by))
		for _, row := range rows {
			name, known := row[0].(string)
			n, is := row[1].(float64)
			if is && n < 10 && n > 0 {
				a.Errorf("%s: a count of %v is told: %v", k.Key, n, rows)
			}
			if known && is && name != "OTHER" {
				left[name] = int64(n)
				left[in[name]] -= int64(n)
				parts[in[name]] = true
			} else if !known && is && by == "continent" {
				left["all"] -= int64(n)
			}
		}
	}
	for name, n := range left {
		if parts[name] && n != 0 && n < 10 {
			a.Errorf("%s: %d of %s are in none of its parts that are told", k.Key, n, name)
		}
	}
}

// rows are those of an answer with one key.
func (a *asker) rows(question string) [][]any {
	a.Helper()
	var all struct{ Results []struct{ Rows [][]any } }
	a.check(json.Unmarshal([]byte(a.ask("POST", "/v1/query", question).body), &all))
	if len(all.Results) != 1 {
		a.Fatalf("%s: %v", question, all)
	}
	return all.Results[0].Rows
}

// A file that was lost and comes back makes another discovery, without any new manifest.
func TestFileComesBack(t *testing.T) {
	history := small(t, rand.New(rand.NewPCG(5, 6)))
	path := filepath.Join(history.Dir, filepath.FromSlash(history.Manifest.Files[0].Name))
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	c := history.Catalog()
	e, err := engine.OpenDuckDB(c, engine.Limits{Folders: []string{history.Dir}, Threads: 1, Memory: 1 << 28, Concurrency: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if err := c.Count(t.Context(), e); !errors.Is(err, engine.ErrGone) {
		t.Fatal(err)
	}
	a := newAsker(t, random(t), func(s *Settings) { s.Catalog = c })
	before := a.ask("GET", "/v1/keys", "").Header.Get("ETag")
	a.check(errors.Join(os.WriteFile(path, file, 0o600), c.Count(t.Context(), e)))
	if after := a.ask("GET", "/v1/keys", "", "If-None-Match: "+before); after.StatusCode != 200 {
		t.Error(after.Status)
	}
}
