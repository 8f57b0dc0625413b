package schema

import (
	"maps"
	"strings"

	"github.com/glowmap/glow/archiver/archive"
)

// remembered is how many sets of attributes a Keeper knows by heart.
const remembered = 1 << 16

// Keeper applies a schema to the attributes of one segment's events. It counts
// what it does not keep, and may be used by one goroutine at a time.
type Keeper struct {
	schema   *Schema
	rejected map[string]int
	met      map[string]map[string]bool // values by attribute
	wild     int                        // attributes in met that have no rule of their own
	known    map[string]kept
}

// kept is what is kept of a set of attributes, and the reasons why not all.
type kept struct {
	attrs   []archive.Attr
	reasons []string
}

// Keeper makes one for a segment.
func (s *Schema) Keeper() *Keeper {
	return &Keeper{schema: s, rejected: map[string]int{}, met: map[string]map[string]bool{}, known: map[string]kept{}}
}

// Rejected are the values that were not stored as they came, by reason.
func (k *Keeper) Rejected() map[string]int { return maps.Clone(k.rejected) }

// Keep returns what is kept of an event's attributes, in the order of their
// keys: see [archive.ParseAttrs]. The slice must not be changed; the texts are
// for keeps.
func (k *Keeper) Keep(raw string) []archive.Attr {
	if raw == "" {
		return nil
	}
	r, ok := k.known[raw]
	if !ok {
		raw = strings.Clone(raw)
		if len(k.known) == remembered {
			clear(k.known)
		}
		r = k.filter(archive.ParseAttrs(raw))
		k.known[raw] = r
	}
	for _, why := range r.reasons {
		k.rejected[why]++
	}
	return r.attrs
}

func (k *Keeper) filter(attrs []archive.Attr) (r kept) {
	for _, a := range attrs {
		value, why := k.value(a)
		if why != "" {
			r.reasons = append(r.reasons, why)
		}
		if why == "" || why == Distinct {
			r.attrs = append(r.attrs, archive.Attr{Key: a.Key, Value: value})
		}
	}
	return r
}

// value is what is stored of an attribute, or why it is not stored as it came.
func (k *Keeper) value(a archive.Attr) (value, why string) {
	r, met, why := k.rule(a.Key)
	switch {
	case why != "":
		return "", why
	case met[a.Value]:
		return a.Value, ""
	}
	if why = r.judge(a.Value); why != "" {
		if r.other {
			return Other, ""
		}
		return "", why
	}
	if len(met) >= r.distinct {
		return Other, Distinct
	}
	met[a.Value] = true
	return a.Value, ""
}

// rule finds that of an attribute, and the values met, or says why there is none.
func (k *Keeper) rule(key string) (*rule, map[string]bool, string) {
	r := k.schema.rules[key]
	met := k.met[key]
	switch {
	case r == nil && (k.schema.rest == nil || !validKey(key)):
		return nil, nil, Unknown
	case r == nil:
		r = k.schema.rest
		if met == nil {
			if k.wild == MaxKeys {
				return nil, nil, Keys
			}
			k.wild++
		}
	}
	if met == nil {
		met = map[string]bool{}
		k.met[key] = met
	}
	return r, met, ""
}

// validKey says whether a key matches [a-z0-9_]{1,32}.
func validKey(key string) bool {
	if len(key) == 0 || len(key) > 32 {
		return false
	}
	for _, c := range []byte(key) {
		if c != '_' && (c < '0' || c > '9') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}
