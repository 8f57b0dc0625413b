package api

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

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
	// Counting says that values are of an earlier version, or of part of this one.
	Counting bool `json:"counting,omitempty"`
}

type key struct {
	Key  string  `json:"key"`
	N    *uint64 `json:"n"`    // null: too few to be told
	From string  `json:"from"` // of the archive, if they are too few
	To   string  `json:"to"`
}

type dimension struct {
	Name      string  `json:"name"`
	Attribute bool    `json:"attribute"`
	Distinct  *int    `json:"distinct,omitempty"` // null is none of them; of those told
	More      bool    `json:"more,omitempty"`     // there are more than were counted
	Values    []value `json:"values"`
}

type value struct {
	Value *string `json:"value"` // null: unknown
	N     *uint64 `json:"n"`     // null: not told
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
	tag := etag("keys", s.Version, counts.Version, strconv.Itoa(counts.Files()), d.sees(), string(about))
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

// keyOf says how many events of a type there are, and when. Of too few it says
// neither: a moment of few is a count, too.
func keyOf(s *catalog.Snapshot, typ string, least int64) key {
	n, from, to := s.Rows(typ)
	if int64(n) < least {
		return key{Key: typ, From: *moment(s, s.From), To: *moment(s, s.Until)}
	}
	return key{Key: typ, N: &n, From: *moment(s, from), To: *moment(s, to)}
}

func (v *server) dimension(counts *catalog.Counts, name string, types []string, least int64) dimension {
	d := dimension{Name: question.Name(name), Attribute: strings.HasPrefix(name, question.Attr), Values: []value{}}
	all, distinct, more := v.Catalog.Values(counts, name, types)
	if all == nil {
		return d
	}
	if least > 1 {
		all, distinct = told(all, least)
		more = false
	}
	for _, one := range all[:min(mostValues, len(all))] {
		of := value{Value: one.Value}
		if least <= 1 {
			of.N = &one.N
		}
		d.Values = append(d.Values, of)
	}
	d.Distinct, d.More = &distinct, more
	return d
}

// told are the values that are common enough to be told, and how many that are
// besides null. Their counts are not: those of a dimension add up to those of
// the types, and those of countries to those of continents, so that what is
// missing would follow. A question has them, folded.
func told(all []catalog.Value, least int64) (list []catalog.Value, distinct int) {
	list = []catalog.Value{}
	for _, v := range all {
		if v.N < uint64(least) {
			continue
		}
		list = append(list, v)
		if v.Value != nil {
			distinct++
		}
	}
	return list, distinct
}
