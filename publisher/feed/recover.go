package feed

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/glowmap/glow/internal/keys"
	"github.com/glowmap/glow/internal/snapshot"
	"github.com/glowmap/glow/publisher/counts"
)

// The floor is what was published: the totals of the target's latest.json.
// Redis having less means that it went back in time, and that the logs are
// being read again from there. Until it has caught up, publishing a bucket
// would take counts back that viewers have seen; so buckets wait and the
// heartbeat goes on with the old totals.
//
// Every bucket is read together with the totals (counts.Read), so a rollback
// between the beginning of a pass and its end is noticed too.

// recovery is how far Redis has come again.
type recovery struct {
	on       bool
	best     uint64    // the highest sum of totals seen
	progress time.Time // when that was
}

// setFloor takes the floor from the target, unless it holds another feed.
func (p *Publisher) setFloor(v *counts.View) {
	p.floor = map[string]uint64{}
	if p.latest != nil && p.latest.Feed == p.feed {
		maps.Copy(p.floor, p.latest.Totals)
	}
	p.forgive(v)
}

// forgive takes the floor away after a deliberate correction: whoever makes
// one records the seq that latest.json had.
func (p *Publisher) forgive(v *counts.View) {
	seq, err := strconv.ParseUint(v.Meta[keys.MetaRecount], 10, 64)
	if err == nil && p.latest != nil && p.latest.Seq <= seq {
		clear(p.floor)
	}
}

func below(totals, floor map[string]uint64) bool {
	for typ, n := range floor {
		if totals[typ] < n {
			return true
		}
	}
	return false
}

// recovering says whether buckets must wait.
func (p *Publisher) recovering(v *counts.View) bool {
	p.forgive(v)
	was := p.slack.on
	p.slack.on = below(v.All.Totals, p.floor) && !p.givenUp(v)
	switch {
	case p.slack.on && !was:
		p.d.Log.Warn("redis has counted less than was published: buckets wait until it has caught up", "short", p.short(v))
	case was && !p.slack.on:
		p.d.Log.Info("recovered")
		p.slack = recovery{}
	}
	if p.m.recovering.Set(0); p.slack.on {
		p.m.recovering.Set(1)
	}
	return p.slack.on
}

// givenUp ends a recovery that makes no progress: what is missing will not come.
func (p *Publisher) givenUp(v *counts.View) bool {
	sum := uint64(0)
	for _, n := range v.All.Totals {
		sum += n
	}
	if sum > p.slack.best || p.slack.progress.IsZero() {
		p.slack.best, p.slack.progress = sum, time.Now()
	}
	if time.Since(p.slack.progress) < p.RecoverTimeout {
		return false
	}
	p.d.Log.Error("giving up on counts that redis lost and no log has brought back; publishing what there is", "short", p.short(v))
	p.floor = maps.Clone(v.All.Totals)
	return true
}

// short says which totals are below the floor.
func (p *Publisher) short(v *counts.View) string {
	var s []string
	for _, typ := range slices.Sorted(maps.Keys(p.floor)) {
		if have := v.All.Totals[typ]; have < p.floor[typ] {
			s = append(s, fmt.Sprintf("%s %d of %d", typ, have, p.floor[typ]))
		}
	}
	return strings.Join(s, ", ")
}

// hold is the heartbeat of a feed that recovers: all as it was but for its status.
func hold(old *snapshot.Latest) *snapshot.Latest {
	l := *old
	l.Status = snapshot.Recovering
	return &l
}
