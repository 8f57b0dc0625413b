package feed

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/glowmap/glow/internal/bucket"
)

// badRest is how long a bucket that cannot be read is left alone: somebody
// may mend it.
const badRest = time.Minute

// badBuckets are those whose content makes no sense, and when that was seen.
type badBuckets map[bucket.ID]time.Time

// isBad says whether to leave a bucket alone for now.
func (p *Publisher) isBad(id bucket.ID, now time.Time) bool {
	seen, bad := p.bad[id]
	if bad && !p.d.Once && now.Sub(seen) > badRest {
		delete(p.bad, id)
		bad = false
	}
	return bad
}

// spoilt is the error of a run that had to leave buckets out.
func (p *Publisher) spoilt() error {
	if len(p.bad) == 0 {
		return nil
	}
	var names []string
	for id := range maps.Keys(p.bad) {
		names = append(names, id.String())
	}
	slices.Sort(names)
	return fmt.Errorf("%d buckets cannot be published (%s): restore redis, or count anew with \"publisher reset\"",
		len(names), strings.Join(names[:min(len(names), 5)], ", "))
}
