// Package flow tells what flows through a running Glow: from its counters in
// Redis and from its feed, as any onlooker could.
package flow

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/glowmap/glow/internal/bucket"
	"github.com/glowmap/glow/internal/keys"
)

// State is what has flowed so far.
type State struct {
	Queued    int64            // batches that wait
	Counted   int64            // events in the bucket of all time
	Drops     map[string]int64 // "<daemon>:<reason>" → lines or events
	Published int64            // events in the totals of the feed
}

// Dropped is the sum of all drops.
func (s State) Dropped() (n int64) {
	for _, d := range s.Drops {
		n += d
	}
	return n
}

// Reasons lists the drops by reason, as in "ip 3, time 1".
func (s State) Reasons() string {
	by := map[string]int64{}
	for reason, n := range s.Drops {
		_, reason, _ = strings.Cut(reason, ":")
		by[reason] += n
	}
	var list []string
	for _, reason := range slices.Sorted(maps.Keys(by)) {
		if by[reason] > 0 {
			list = append(list, fmt.Sprintf("%s %d", reason, by[reason]))
		}
	}
	return strings.Join(list, ", ")
}

// Since is what has flowed since an earlier state.
func (s State) Since(before State) State {
	d := State{Queued: s.Queued, Counted: s.Counted - before.Counted, Published: s.Published - before.Published, Drops: map[string]int64{}}
	for reason, n := range s.Drops {
		d.Drops[reason] = n - before.Drops[reason]
	}
	return d
}

// Reader reads states.
type Reader struct {
	Redis *redis.Client
	Keys  keys.Keys
	Feed  string // URL of the folder that has latest.json
}

// Read reads the state of now. While the feed cannot be read, what was
// published is as it was in last.
func (r *Reader) Read(ctx context.Context, last State) (State, error) {
	p := r.Redis.Pipeline()
	queued := p.XLen(ctx, r.Keys.Queue())
	all := p.HGetAll(ctx, r.Keys.Bucket(bucket.ID{Period: bucket.All}))
	drops := p.HGetAll(ctx, r.Keys.Drops())
	if _, err := p.Exec(ctx); err != nil {
		return last, err
	}
	s := State{Queued: queued.Val(), Drops: numbers(drops.Val()), Published: last.Published}
	for field, n := range numbers(all.Val()) {
		if strings.HasSuffix(field, "|n") {
			s.Counted += n
		}
	}
	if n, err := r.total(ctx, "latest.json"); err == nil {
		s.Published = n
	}
	return s, nil
}

// All is the number of events that the feed's snapshot of all time holds.
func (r *Reader) All(ctx context.Context) (int64, error) { return r.total(ctx, "all.json") }

// total sums up the numbers of a file of the feed: "totals" of latest.json,
// "n" of each type of a snapshot.
func (r *Reader) total(ctx context.Context, object string) (int64, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.Feed+object, nil)
	if err != nil {
		return 0, err
	}
	answer, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("%s: %s", object, answer.Status)
	}
	var doc struct {
		Totals map[string]int64 `json:"totals"`
		Types  map[string]struct {
			N int64 `json:"n"`
		} `json:"types"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&doc); err != nil {
		return 0, fmt.Errorf("%s: %w", object, err)
	}
	sum := int64(0)
	for _, n := range doc.Totals {
		sum += n
	}
	for _, t := range doc.Types {
		sum += t.N
	}
	return sum, nil
}

func numbers(m map[string]string) map[string]int64 {
	n := map[string]int64{}
	for k, v := range m {
		if i, err := strconv.ParseInt(v, 10, 64); err == nil {
			n[k] = i
		}
	}
	return n
}
