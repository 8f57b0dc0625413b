package keep

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/glowmap/glow/internal/event"
)

// Retention is how long days are kept, by type; "*" is any other.
type Retention map[string]time.Duration

const day = 24 * time.Hour

// ParseRetention reads "download=400d,*=800d".
func ParseRetention(text string) (Retention, error) {
	r := Retention{}
	if text == "" {
		return r, nil
	}
	for rule := range strings.SplitSeq(text, ",") {
		typ, life, ok := strings.Cut(rule, "=")
		n, err := strconv.ParseUint(strings.TrimSuffix(life, "d"), 10, 31)
		if !ok || err != nil || n == 0 || !strings.HasSuffix(life, "d") || typ != "*" && !event.ValidType([]byte(typ)) {
			return nil, fmt.Errorf("%q: want TYPE=DAYSd, such as download=400d, or *=400d for all other types", rule)
		}
		if _, twice := r[typ]; twice {
			return nil, fmt.Errorf("%q stands there twice", typ)
		}
		r[typ] = time.Duration(min(n, 100_000)) * day
	}
	return r, nil
}

// over says whether a type's day that ended at some time is to be deleted.
func (r Retention) over(typ string, ended, now time.Time) bool {
	life, ok := r[typ]
	if !ok {
		life, ok = r["*"]
	}
	return ok && now.Sub(ended) > life
}
