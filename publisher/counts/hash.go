package counts

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Tally is what a bucket's hash counts of one type.
type Tally struct {
	N, Unlocated uint64
	Days         map[string]uint64 // date → n; all time only
}

// hash is a bucket's hash, parsed.
type hash struct {
	token   string
	changed int64 // Unix seconds
	types   map[string]*Tally
}

func parseHash(fields map[string]string) (*hash, error) {
	h := &hash{token: fields["token"], types: map[string]*Tally{}}
	for f, v := range fields {
		if f == "token" {
			continue
		}
		n, err := strconv.ParseUint(v, 10, 63)
		if err != nil {
			return nil, fmt.Errorf("%w: field %.80q is %.80q, not a count", ErrCorrupt, f, v)
		}
		if f == "changed" {
			h.changed = int64(n)
		} else if !h.add(f, n) {
			return nil, fmt.Errorf("%w: field %.80q is not known", ErrCorrupt, f)
		}
	}
	return h, nil
}

func (h *hash) add(field string, n uint64) bool {
	typ, rest, _ := strings.Cut(field, "|")
	t := h.types[typ]
	if t == nil {
		t = &Tally{}
		h.types[typ] = t
	}
	day, isDay := strings.CutPrefix(rest, "day|")
	switch {
	case rest == "n":
		t.N = n
	case rest == "unlocated":
		t.Unlocated = n
	case isDay:
		if t.Days == nil {
			t.Days = map[string]uint64{}
		}
		t.Days[day] = n
	default:
		return false
	}
	return true
}

// kind is the part of a key after the namespace, up to the next colon.
func kind(key, pattern string) string {
	k, _, _ := strings.Cut(strings.TrimPrefix(key, strings.TrimSuffix(pattern, "*")), ":")
	return k
}

// What the replies of scripts are made of.

func text(v any) string {
	s, _ := v.(string)
	return s
}

func number(v any) uint64 {
	n, _ := strconv.ParseFloat(text(v), 64)
	return uint64(n)
}

func pairs(v any) map[string]string {
	list, _ := v.([]any)
	m := make(map[string]string, len(list)/2)
	for i := 0; i+1 < len(list); i += 2 {
		m[text(list[i])] = text(list[i+1])
	}
	return m
}

func serverTime(v any) time.Time {
	list, _ := v.([]any)
	if len(list) != 2 {
		return time.Now().UTC()
	}
	return time.Unix(int64(number(list[0])), int64(number(list[1]))*1000).UTC()
}
