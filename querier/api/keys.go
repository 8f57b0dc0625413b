package api

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/glowmap/glow/querier/answer"
	"github.com/glowmap/glow/querier/catalog"
	"github.com/glowmap/glow/querier/question"
)

// mostValues is how many values of a dimension discovery shows.
const mostValues = 100

type discovery struct {
	V          int              `json:"v"`
	Version    string           `json:"version"`
	Door       string           `json:"door"`
	From       *string          `json:"from"`
	To         *string          `json:"to"`
	Until      *string          `json:"until"`
	Grid       float64          `json:"grid"`
	Keys       []key            `json:"keys"`
	Dimensions []dimension      `json:"dimensions"`
	Every      []question.Every `json:"every"`
	Models     []Model          `json:"models"`
	// Counting says that values are of an earlier version, or not there yet.
	Counting bool `json:"counting,omitempty"`
}

type key struct {
	Key  string  `json:"key"`
	N    *uint64 `json:"n"` // null: too few to be told
	From string  `json:"from"`
	To   string  `json:"to"`
}

type dimension struct {
	Name      string          `json:"name"`
	Attribute bool            `json:"attribute"`
	Distinct  *int            `json:"distinct,omitempty"` // null is none of them
	More      bool            `json:"more,omitempty"`     // there are more than were counted
	Values    []catalog.Value `json:"values"`
}

// countTime is how long discovery waits for values that are being counted;
// then it has older ones, or none.
const countTime = time.Second

// grid is the side of a cell in degrees.
const grid = 0.5

func (v *server) keys(w http.ResponseWriter, r *http.Request, d Door) error {
	kind, err := accepted(r, asJSON)
	if err != nil {
		return err
	}
	s := v.Catalog.Current()
	if s == nil {
		return errNone
	}
	ctx, cancel := context.WithTimeout(r.Context(), countTime)
	defer cancel()
	counts := v.Catalog.Counted(ctx)
	models := v.known(d)
	about, err := json.Marshal(models)
	if err != nil {
		return err
	}
	tag := etag("keys", s.Version, counts.Version, d.sees(), string(about))
	if v.fresh(w, r, d, tag) {
		return nil
	}
	body, _, err := v.answers.get(r.Context(), tag, func(context.Context) ([]byte, error) {
		return json.Marshal(v.discover(s, counts, d, models))
	})
	if err != nil {
		return err
	}
	send(w, r, kind, body)
	return nil
}

func (v *server) discover(s *catalog.Snapshot, counts *catalog.Counts, d Door, models []Model) *discovery {
	shape := v.shape(s, d)
	all := &discovery{
		V: 1, Version: s.Version, Door: "public", Grid: grid, Every: question.All,
		From: moment(s, s.From), To: moment(s, s.Until), Until: moment(s, s.Until),
		Counting: counts.Version != s.Version,
		Keys:     []key{}, Dimensions: []dimension{}, Models: append([]Model{}, models...),
	}
	if d.Internal {
		all.Door = "internal"
	}
	for _, typ := range shape.Keys {
		all.Keys = append(all.Keys, keyOf(s, typ, d.MinCount))
	}
	for _, name := range shape.Dimensions {
		all.Dimensions = append(all.Dimensions, v.dimension(counts, name, shape.Keys, d.MinCount))
	}
	return all
}

func keyOf(s *catalog.Snapshot, typ string, least int64) key {
	n, from, to := s.Rows(typ)
	k := key{Key: typ, N: &n, From: *moment(s, from), To: *moment(s, to)}
	if int64(n) < least {
		k.N = nil
	}
	return k
}

func (v *server) dimension(counts *catalog.Counts, name string, types []string, least int64) dimension {
	d := dimension{Name: question.Name(name), Attribute: strings.HasPrefix(name, question.Attr), Values: []catalog.Value{}}
	values, distinct, more := v.Catalog.Values(counts, name, types)
	if values == nil {
		return d
	}
	values = told(values, least)
	d.Distinct, d.More, d.Values = &distinct, more, values[:min(mostValues, len(values))]
	return d
}

// told are the values that may be told: see answer.Tell.
func told(values []catalog.Value, least int64) []catalog.Value {
	n := make([]int64, len(values))
	for i, v := range values {
		n[i] = int64(v.N)
	}
	list := []catalog.Value{}
	for i, tell := range answer.Tell(n, least) {
		if tell {
			list = append(list, values[i])
		}
	}
	return list
}
