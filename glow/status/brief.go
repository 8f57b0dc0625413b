package status

import (
	"slices"
	"strings"

	"github.com/glowmap/glow/glow/term"
)

// Brief is the report on one line: "glow: wrong: no-worker: queue 3, …".
func (r *Report) Brief() string {
	words := []string{"glow", string(r.State)}
	if ids := r.problemIDs(); len(ids) > 0 {
		words = append(words, strings.Join(ids, ", "))
	}
	var facts []string
	if q := r.Queue; q != nil {
		facts = append(facts, "queue "+term.Count(q.Entries), "lag "+span(q.Lag))
	}
	if b := r.Buckets; b != nil {
		facts = append(facts, "to publish "+term.Count(b.Dirty))
	}
	if f := r.Feed; f != nil && f.Age != nil {
		facts = append(facts, "published "+span(*f.Age)+" ago")
	}
	if c := r.Counted; c != nil {
		facts = append(facts, "counted "+term.Count(sum(c.Totals)), "dropped "+term.Count(sum(c.Drops)))
	}
	if len(facts) > 0 {
		words = append(words, strings.Join(facts, ", "))
	}
	return strings.Join(words, ": ")
}

func (r *Report) problemIDs() (ids []string) {
	for _, p := range r.Problems {
		if !slices.Contains(ids, p.ID) {
			ids = append(ids, p.ID)
		}
	}
	return ids
}
