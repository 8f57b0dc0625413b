package sitetest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sort"
	"time"
)

// question is as much of one as the made-up querier understands.
type question struct {
	Keys     []string
	Where    map[string]any
	From, To time.Time
	Every    string
	By       []string
	Order    string
	Limit    int
}

var periods = map[string]time.Duration{
	"1m": time.Minute, "10m": 10 * time.Minute, "1h": time.Hour, "1d": 24 * time.Hour, "1w": 168 * time.Hour, "1mo": 720 * time.Hour,
}

var dimensions = []string{"continent", "country", "hour", "cell"}

func (s *Server) query(w http.ResponseWriter, r *http.Request, body []byte) {
	if q := r.URL.Query().Get("q"); q != "" {
		body = []byte(q)
	}
	var q question
	if err := json.Unmarshal(body, &q); err != nil {
		refuse(w, http.StatusBadRequest, "", "the question is no JSON: "+err.Error(), "/#query")
		return
	}
	for d := range q.Where {
		if d != "not" && !slices.Contains(dimensions, d) {
			refuse(w, http.StatusBadRequest, "where."+d, "no such dimension; there are continent, country, hour", "/#where")
			return
		}
	}
	if q.From.IsZero() {
		q.From, q.To = Begin, Until
	}
	if r.Header.Get("Accept") == "text/csv" {
		w.Header().Set("Content-Type", "text/csv; charset=utf-8")
		fmt.Fprintf(w, "key,n\r\n%s,%d\r\n", q.Keys[0], totals()[q.Keys[0]])
		return
	}
	var results []map[string]any
	for _, k := range q.Keys {
		columns, rows := q.rows(k)
		results = append(results, map[string]any{"key": k, "columns": columns, "rows": rows})
	}
	s.answer(w, r, map[string]any{"v": 1, "version": s.version, "until": Until, "results": results})
}

func (q question) rows(key string) (columns []string, rows [][]any) {
	if q.Every != "" {
		columns = append(columns, "time")
	}
	columns = append(append(columns, q.By...), "n")
	groups := map[string][]place{}
	var names []string
	for _, p := range places {
		if c := q.Where["country"]; c != nil && c != p.country {
			continue
		}
		if c := q.Where["continent"]; c != nil && c != p.continent {
			continue
		}
		name := q.group(p)
		if groups[name] == nil {
			names = append(names, name)
		}
		groups[name] = append(groups[name], p)
	}
	for i, name := range names {
		if q.Limit > 0 && i >= q.Limit {
			break
		}
		rows = append(rows, q.group1(key, name, groups[name])...)
	}
	if q.Every == "" {
		sort.SliceStable(rows, func(a, b int) bool { return rows[a][len(columns)-1].(int64) > rows[b][len(columns)-1].(int64) })
	}
	return columns, rows
}

func (q question) group(p place) string {
	if len(q.By) == 0 {
		return ""
	}
	switch q.By[len(q.By)-1] {
	case "country":
		return p.country
	case "continent":
		return p.continent
	}
	return ""
}

func (q question) group1(key, name string, group []place) (rows [][]any) {
	var dims []any
	if len(q.By) > 0 {
		dims = []any{name}
	}
	if slices.Equal(q.By, []string{"hour", "continent"}) {
		for h := range 24 {
			a := time.Date(2026, 3, 24, h, 0, 0, 0, time.UTC)
			rows = append(rows, []any{h, name, sum(key, group, a, a.Add(time.Hour))})
		}
		return rows
	}
	if q.Every == "" {
		return [][]any{append(slices.Clone(dims), sum(key, group, q.From, q.To))}
	}
	for t := q.From; t.Before(q.To); t = t.Add(periods[q.Every]) {
		var n any
		if !t.Before(Begin) && t.Before(Until) && !t.Truncate(24*time.Hour).Equal(missing) {
			n = sum(key, group, t, t.Add(periods[q.Every]))
		}
		rows = append(rows, append(append([]any{t}, dims...), n))
	}
	return rows
}

func sum(key string, group []place, a, b time.Time) (n int64) {
	for _, p := range group {
		n += count(key, p, a, b)
	}
	return n
}

var models = []map[string]any{
	{"name": "totals-by-day", "summary": "Events of each type, per day.", "state": "ready"},
	{"name": "top-countries", "summary": "Downloads by country and day.", "state": "ready"},
	{"name": "hours-by-continent", "summary": "When people download: hours of the day by continent.", "state": "ready"},
	{"name": "windows-share", "summary": "Share of Windows among downloads, by country.", "state": "filling, 3 of 9 days"},
	{"name": "broken", "summary": "Nothing yet.", "state": "error in line 4"},
}

func (s *Server) model(w http.ResponseWriter, r *http.Request, name string) {
	var columns []string
	var rows [][]any
	q := question{From: Begin, To: Until}
	switch name {
	case "totals-by-day":
		columns = []string{"date", "type", "n"}
		for _, k := range []string{"download", "share:facebook", "share:twitter"} {
			for t := Begin; t.Before(Until); t = t.AddDate(0, 0, 1) {
				if !t.Equal(missing) {
					rows = append(rows, []any{t.Format(time.DateOnly), k, sum(k, places, t, t.AddDate(0, 0, 1))})
				}
			}
		}
	case "top-countries":
		columns = []string{"date", "country", "n"}
		for t := Begin; t.Before(Until); t = t.AddDate(0, 0, 1) {
			for _, p := range places {
				if !t.Equal(missing) {
					rows = append(rows, []any{t.Format(time.DateOnly), p.country, count("download", p, t, t.AddDate(0, 0, 1))})
				}
			}
		}
	case "hours-by-continent":
		q.By = []string{"hour", "continent"}
		columns, rows = q.rows("download")
	case "windows-share":
		columns = []string{"country", "share"}
		for i, p := range places {
			rows = append(rows, []any{p.country, .93 - .021*float64(i)})
		}
	default:
		refuse(w, http.StatusNotFound, "", "this model has no rows: line 4 names a column that there is not", "/#models")
		return
	}
	s.answer(w, r, map[string]any{"v": 1, "model": name, "version": s.version, "columns": columns, "rows": rows, "page": 1, "pages": 1})
}
