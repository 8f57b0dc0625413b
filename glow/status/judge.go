package status

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/glowmap/glow/glow/term"
	"github.com/glowmap/glow/internal/keys"
	"github.com/glowmap/glow/internal/snapshot"
)

// Limits that have no flag.
const (
	// patience is how long a bucket may wait besides --max-lag: minutes until
	// they are over, days and all time for their turn.
	patience = time.Minute
	// lostFor is how long a lost file is worth an alarm.
	lostFor = 24 * time.Hour
	// oldGeoIP is when places begin to be wrong in earnest.
	oldGeoIP = 60 // days
	// fullAt is the share of maxmemory from which on Redis is nearly full.
	fullAt = 0.9
)

var errLoading = errors.New("redis is loading its data")

// judge says what is wrong.
func (k *look) judge() {
	for _, part := range []func(){k.judgeAway, k.judgeRedis, k.judgeQueue, k.judgeSources, k.judgeBuckets, k.judgeFeed, k.judgeArchive, k.judgeQueriers, k.judgeRest, k.judgeDaemons} {
		part()
	}
	switch {
	case k.away != nil:
		k.State = Unknown
	case len(k.Problems) > 0:
		k.State = Wrong
	default:
		k.State = Well
	}
}

func (k *look) judgeAway() {
	err := k.away
	switch {
	case err == nil:
	case errors.Is(err, errLoading), redis.HasErrorPrefix(err, "LOADING"):
		k.problem("redis-loading", "Redis at "+k.URL+" is loading its data", "it has restarted; the daemons wait for it, and nothing is lost", "wait; its log says how far it is")
	case redis.HasErrorPrefix(err, "NOAUTH"), redis.HasErrorPrefix(err, "WRONGPASS"):
		k.problem("redis-password", "Redis at "+k.URL+" wants another user or password", "nothing can be seen from here", "give --redis-url (or GLOW_REDIS_URL) as the daemons have it")
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		k.problem("redis-slow", "Redis at "+k.URL+" does not answer in time", "it hangs, or the network does; the daemons wait, and nothing is lost", "see to Redis: its log, SLOWLOG GET, its disk")
	default:
		k.problem("redis-away", "Redis at "+k.URL+" does not answer: "+term.Clean(err.Error()), "if it is down the daemons wait for it, and nothing is lost", "see to Redis and its log; is this the right --redis-url?")
	}
}

func (k *look) judgeRedis() {
	r := k.Report.Redis
	if r == nil {
		return
	}
	if !r.AOFOK {
		k.problem("redis-disk", "Redis cannot write or rewrite its append-only file", "what it holds would be lost with it, and daemons that start now wait", "see its log: its disk is full or fails")
	}
	if r.MaxMemory > 0 && float64(r.Memory) > fullAt*float64(r.MaxMemory) {
		k.problem("redis-full", fmt.Sprintf("Redis uses %s of its %s", term.Bytes(r.Memory), term.Bytes(r.MaxMemory)), "when it is full the intake stops; counting and publishing go on, and nothing is lost", "raise maxmemory")
	}
	if r.Role != "" && r.Role != "master" {
		k.problem("redis-replica", "this Redis is a replica", "daemons cannot write to it, and what it says may be old", "name the primary in --redis-url")
	}
	if k.schema != "" && k.schema != keys.Schema {
		k.problem("schema", "Redis holds the schema "+term.Clean(k.schema)+", this glow knows "+keys.Schema, "another version of Glow runs here, and what is said may be wrong", "use the glow of that version")
	}
	if k.away == nil && k.schema == "" && len(k.Sources) == 0 && k.Feed != nil && k.Feed.ID == nil && k.Queue != nil && k.Queue.Added == 0 {
		k.problem("empty", "Redis holds nothing of the namespace "+k.Namespace, "no daemon has ever worked here, or Redis was emptied", "check --redis-url and --namespace; if Redis was emptied: docs/operating.md, \"Redis was emptied\"")
	}
}

func (k *look) judgeQueue() {
	q := k.Queue
	if q == nil {
		return
	}
	working := slices.ContainsFunc(k.Workers, func(w Worker) bool { return w.State == Working })
	late := q.Lag > k.MaxLag.Seconds()
	switch {
	case late && !working:
		k.problem("no-worker", fmt.Sprintf("%s waiting in the queue, the oldest for %s, and no geoworker takes them", entries(q.Entries), span(q.Lag)), "nothing is counted; the queue keeps the events", "start a geoworker; if one runs, see its log")
	case late:
		k.problem("queue-lag", fmt.Sprintf("%s waiting in the queue, the oldest for %s", entries(q.Entries), span(q.Lag)), "counting lags behind; nothing is lost", "if the queue grows start more geoworkers; else see their logs")
	}
	if q.OldestPending != nil && *q.OldestPending > k.MaxLag.Seconds() {
		k.problem("pending", fmt.Sprintf("%s taken by a worker and not counted for %s", entries(q.Pending), span(*q.OldestPending)), "a geoworker died or hangs; another one takes them over after --claim-after", "start a geoworker, or restart the one that hangs")
	}
}

func entries(n int64) string { return term.Many(n, "entry", "entries") }

func span(seconds float64) string {
	return term.Span(time.Duration(seconds * float64(time.Second)))
}

func (k *look) judgeSources() {
	if len(k.stuck) > 0 {
		k.problem("tailer-stuck", term.Clean(strings.Join(k.stuck, ", "))+": has lines that are not read", "no tailer follows it, or it waits for room in the queue", "see to the tailer on this host and its log; the log file keeps the lines")
	}
	for _, s := range k.Sources {
		if s.Lost > 0 && k.Time.Sub(s.lastLost) < lostFor {
			k.problem("lost", fmt.Sprintf("%s of %s vanished before being read to the end", term.Many(s.Lost, "log", "logs"), term.Clean(s.Name)), "their last lines are not counted", "find a copy and import it with \"tailer --once FILE\"; keep more rotations")
		}
	}
}

func (k *look) judgeBuckets() {
	b := k.Buckets
	if b == nil || b.Dirty == 0 || b.Lag <= (k.MaxLag+patience).Seconds() {
		return
	}
	what := fmt.Sprintf("%s waiting to be published, the oldest for %s", term.Many(b.Dirty, "changed bucket", "changed buckets"), span(b.Lag))
	if k.Publisher == nil {
		k.problem("no-publisher", what+", and no publisher is active", "viewers see old numbers; Redis keeps the counts", "start the publisher; if it runs, see its log")
		return
	}
	k.problem("publish-lag", what, "viewers see old numbers; Redis keeps the counts", "see the publisher's log: is the target away or slow?")
}

func (k *look) judgeFeed() {
	f := k.Feed
	if f == nil {
		return
	}
	if f.Same != nil && !*f.Same {
		k.problem("other-feed", "the target holds another feed than the one that Redis counts for", "the publisher refuses to overwrite it", "name the right --target, or see docs/operating.md, \"Redis was emptied\"")
	}
	if f.Age != nil && *f.Age > k.MaxLag.Seconds() && f.Status != snapshot.Ended {
		k.problem("heartbeat", "the last heartbeat of the feed was "+span(*f.Age)+" ago", "nothing is published: no publisher works, or the target refuses", "see the publisher and its log")
	}
	if f.Status == snapshot.Recovering {
		k.problem("recovering", "the feed is recovering", "Redis has counted less than was published; the logs are being read again, and numbers stand still until then", "wait; are the tailers running, and are the logs still there?")
	}
}

func (k *look) judgeRest() {
	if g := k.GeoIP; g != nil && g.Age != nil && *g.Age > oldGeoIP {
		k.problem("geoip-old", fmt.Sprintf("the GeoIP database is %.0f days old", *g.Age), "more and more addresses are placed wrongly", "see why geoip-update does not fetch a new one: systemctl status geoip-update")
	}
}

func (k *look) judgeDaemons() {
	for _, d := range k.Daemons {
		switch {
		case d.Name == "":
			k.problem("daemon-down", d.URL+" "+d.Says, "the daemon is down, or its --admin-addr is another", "systemctl status, and its log")
		case !d.Healthy:
			k.problem("daemon-sick", "the "+d.Name+" at "+d.URL+" is not healthy: "+d.Says, "its work loop stands still", "see its log, then restart it")
		case !d.Ready:
			k.problem("daemon-unready", "the "+d.Name+" at "+d.URL+" cannot work: "+d.Says, "it waits, and nothing is lost", "see to what it says, and its log")
		}
	}
}

// rates compares with the look before.
func (k *look) rates(b *Report) {
	if b == nil || b.Counted == nil || k.Counted == nil || b.Queue == nil || k.Queue == nil {
		return
	}
	took := k.Time.Sub(b.Time).Seconds()
	per := func(now, before int64) float64 { return max(0, float64(int64(float64(now-before)/took*10))/10) }
	k.Rates = &Rates{
		Counted: per(sum(k.Counted.Totals), sum(b.Counted.Totals)),
		Queued:  per(k.Queue.Added, b.Queue.Added),
		Read:    per(k.read(), b.read()),
		Dropped: per(sum(k.Counted.Drops), sum(b.Counted.Drops)),
	}
}

func sum(m map[string]int64) (n int64) {
	for _, v := range m {
		n += v
	}
	return n
}

// read is the sum of all offsets.
func (r *Report) read() (n int64) {
	for _, s := range r.Sources {
		for _, f := range s.Files {
			n += f.Offset
		}
	}
	return n
}
