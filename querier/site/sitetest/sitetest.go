// Package sitetest is a made-up querier: it answers as the API does, of events
// that are a pure function of time and place. It knows enough of questions for
// the site's own tests and says what it was asked.
package sitetest

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"math"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Begin and Until are the span of the made-up archive; it misses a day.
var (
	Begin   = time.Date(2026, 3, 22, 0, 0, 0, 0, time.UTC)
	Until   = time.Date(2026, 3, 31, 9, 5, 0, 0, time.UTC)
	missing = time.Date(2026, 3, 28, 0, 0, 0, 0, time.UTC)
)

// Token is the one that opens the internal door.
const Token = "0123456789abcdef"

type place struct {
	country, continent string
	weight, hours      float64 // a minute at noon; how far ahead of UTC
}

var places = []place{
	{"US", "NA", 96, -6},
	{"DE", "EU", 71, 1},
	{"RU", "EU", 50, 3},
	{"BR", "SA", 44, -3},
	{"IN", "AS", 39, 5},
	{"GB", "EU", 33, 0},
	{"FR", "EU", 31, 1},
	{"JP", "AS", 29, 9},
	{"PL", "EU", 22, 1},
	{"IT", "EU", 21, 1},
	{"ID", "AS", 17, 7},
	{"CA", "NA", 15, -5},
	{"ES", "EU", 14, 1},
	{"MX", "NA", 13, -6},
	{"AU", "OC", 9, 10},
	{"AR", "SA", 8, -3},
	{"TR", "AS", 7, 3},
	{"EG", "AF", 5, 2},
	{"ZA", "AF", 5, 2},
	{"NG", "AF", 3, 1},
	{"KE", "AF", 2, 3},
}

var keys = map[string]float64{"download": 1, "share:twitter": .021, "share:facebook": .034}

// Server is the made-up querier.
type Server struct {
	mu      sync.Mutex
	asked   []string
	tokens  []string
	trouble int
	version string
}

// NewServer makes one that answers at once.
func NewServer() *Server { return &Server{version: "5d2f91"} }

// Fail makes it answer everything with a status; 0 ends that.
func (s *Server) Fail(status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trouble = status
}

// Asked is what it was asked: method, path and, behind it, the body.
func (s *Server) Asked() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.asked...)
}

// Tokens are the Authorization headers that came.
func (s *Server) Tokens() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.tokens...)
}

// ServeHTTP answers /v1/….
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	s.mu.Lock()
	s.asked = append(s.asked, r.Method+" "+r.URL.RequestURI()+" "+string(body))
	auth := r.Header.Get("Authorization")
	if auth != "" {
		s.tokens = append(s.tokens, auth)
	}
	trouble := s.trouble
	s.mu.Unlock()
	switch {
	case trouble != 0:
		http.Error(w, "away", trouble)
	case auth != "" && auth != "Bearer "+Token:
		refuse(w, http.StatusUnauthorized, "", "this token is not known", "/#doors")
	case r.URL.Path == "/v1/keys":
		s.answer(w, r, s.keys(auth != ""))
	case r.URL.Path == "/v1/query":
		s.query(w, r, body)
	case r.URL.Path == "/v1/models" || r.URL.Path == "/v1/models.json":
		s.answer(w, r, map[string]any{"v": 1, "models": models})
	case strings.HasPrefix(r.URL.Path, "/v1/models/"):
		s.model(w, r, strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, "/v1/models/"), ".json"))
	default:
		refuse(w, http.StatusNotFound, "", "no such address", "/")
	}
}

func refuse(w http.ResponseWriter, status int, field, message, see string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]string{"field": field, "message": message, "see": see}})
}

func (s *Server) answer(w http.ResponseWriter, r *http.Request, v any) {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	h := fnv.New64a()
	_, _ = h.Write(data)
	tag := fmt.Sprintf(`"%x"`, h.Sum64())
	w.Header().Set("ETag", tag)
	if r.Header.Get("If-None-Match") == tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(data)
}

// count is how many events of a key a place has from a to b.
func count(key string, p place, a, b time.Time) (n int64) {
	for t := a; t.Before(b); t = t.Add(10 * time.Minute) {
		if t.Before(Begin) || !t.Before(Until) || t.Truncate(24*time.Hour).Equal(missing) {
			continue
		}
		day := t.Sub(Begin).Hours() / 24
		local := math.Mod(float64(t.Hour())+float64(t.Minute())/60+p.hours+24, 24)
		h := fnv.New32a()
		fmt.Fprint(h, key, p.country, t.Unix())
		wave := 1.15 - math.Cos((local-3)/24*2*math.Pi)
		launch := .4 + 5*math.Exp(-math.Pow(day-2.6, 2)/1.2)
		part := min(1, b.Sub(t).Minutes()/10)
		n += int64(part * keys[key] * p.weight * wave * launch * 10 * (.9 + .2*float64(h.Sum32()%1000)/1000))
	}
	return n
}

func total(key string) (n int64) {
	for _, p := range places {
		n += count(key, p, Begin, Until)
	}
	return n
}

var totals = sync.OnceValue(func() map[string]int64 {
	out := map[string]int64{}
	for k := range keys {
		out[k] = total(k)
	}
	return out
})

func (s *Server) keys(internal bool) map[string]any {
	var list []map[string]any
	for _, k := range []string{"download", "share:facebook", "share:twitter"} {
		list = append(list, map[string]any{"key": k, "n": totals()[k], "from": Begin, "to": Until})
	}
	var countries, continents []map[string]any
	by := map[string]int64{}
	for _, p := range places {
		n := count("download", p, Begin, Until)
		countries = append(countries, map[string]any{"value": p.country, "n": n})
		by[p.continent] += n
	}
	for _, c := range []string{"EU", "NA", "AS", "SA", "AF", "OC"} {
		continents = append(continents, map[string]any{"value": c, "n": by[c]})
	}
	dimensions := []map[string]any{
		{"name": "continent", "attribute": false, "distinct": len(continents), "values": continents},
		{"name": "country", "attribute": false, "distinct": len(countries), "values": countries},
		{"name": "hour", "attribute": false, "distinct": 24, "values": []any{}},
	}
	door := "public"
	if internal {
		door = "internal"
		dimensions = append(dimensions, map[string]any{"name": "os", "attribute": true, "distinct": 4, "values": []map[string]any{
			{"value": "win", "n": 7_012_345}, {"value": "mac", "n": 1_204_001}, {"value": nil, "n": 310}, {"value": "לינוקס <b>", "n": 12},
		}})
	}
	return map[string]any{
		"v": 1, "version": s.version, "from": Begin, "to": Until, "until": Until, "grid": .5, "door": door, "keys": list,
		"dimensions": dimensions, "every": []string{"1m", "10m", "1h", "1d", "1w", "1mo"}, "models": models,
	}
}
