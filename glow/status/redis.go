package status

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/glowmap/glow/internal/bucket"
	"github.com/glowmap/glow/internal/keys"
	"github.com/glowmap/glow/internal/rdb"
)

// What is read of keys that may grow.
const (
	maxFields  = 10000 // of a hash
	maxDirty   = 5000  // members of dirty
	maxSample  = 4     // entries of the queue whose events are counted
	maxPending = 1
)

// server learns how the server is, and what time it is there.
func (k *look) server() {
	in, err := rdb.Info(k.ctx, k.Options.Redis, "server", "memory", "persistence", "replication")
	if !k.got("the server's state", err) {
		return
	}
	if in["loading"] == "1" {
		k.away = errLoading
		return
	}
	r := &Redis{
		URL: k.URL, Version: in["redis_version"], Role: in["role"],
		Uptime: number(in["uptime_in_seconds"]), Replicas: number(in["connected_slaves"]),
		Memory: number(in["used_memory"]), MaxMemory: number(in["maxmemory"]),
		AppendOnly: in["aof_enabled"] == "1", Rewriting: in["aof_rewrite_in_progress"] == "1",
		AOFOK: in["aof_last_write_status"] != "err" && in["aof_last_bgrewrite_status"] != "err",
	}
	k.Report.Redis = r
	if c, err := k.Options.Redis.ConfigGet(k.ctx, "appendfsync").Result(); err == nil && c["appendfsync"] != "" {
		fsync := c["appendfsync"]
		r.AppendFsync = &fsync
	}
	asked := time.Now()
	if there, err := k.Options.Redis.Time(k.ctx).Result(); k.got("the time", err) {
		here := asked.Add(time.Since(asked) / 2)
		ahead := seconds(there.Sub(here))
		r.ClockAhead = &ahead
		k.now = there
	}
}

func number(s string) int64 {
	n, _ := strconv.ParseInt(s, 10, 64)
	return n
}

// queue measures the queue.
func (k *look) queue() {
	c, key := k.Options.Redis, k.Keys.Queue()
	n, err := c.XLen(k.ctx, key).Result()
	if !k.got("the queue", err) {
		return
	}
	q := &Queue{Entries: n}
	k.Queue = q
	in, err := c.XInfoStream(k.ctx, key).Result()
	if !k.got("the queue", err) { // there is none yet
		zero := int64(0)
		q.Events, q.EventsExact = &zero, true
		return
	}
	q.Added, q.Entries = in.EntriesAdded, in.Length
	if in.Length > 0 {
		q.Lag = k.age(entryTime(in.FirstEntry.ID))
	}
	k.events(q, in)
	p, err := c.XPending(k.ctx, key, keys.Group).Result()
	if !k.got("the queue's group", err) || p.Count == 0 {
		return
	}
	q.Pending = p.Count
	oldest, err := c.XPendingExt(k.ctx, &redis.XPendingExtArgs{Stream: key, Group: keys.Group, Start: "-", End: "+", Count: maxPending}).Result()
	if k.got("the queue's group", err) && len(oldest) > 0 {
		idle := seconds(oldest[0].Idle)
		q.OldestPending = &idle
	}
}

// entryTime is when Redis gave an entry its id.
func entryTime(id string) time.Time {
	ms, _, _ := strings.Cut(id, "-")
	return time.UnixMilli(number(ms))
}

// events estimates how many events wait, from a few entries.
func (k *look) events(q *Queue, in *redis.XInfoStream) {
	sample := map[string]int{}
	take := func(e redis.XMessage) {
		if text, _ := e.Values["events"].(string); text != "" {
			sample[e.ID] = strings.Count(text, "\n") + 1
		}
	}
	take(in.FirstEntry)
	newest, err := k.Options.Redis.XRevRangeN(k.ctx, k.Keys.Queue(), "+", "-", maxSample).Result()
	if !k.got("the queue", err) {
		return
	}
	for _, e := range newest {
		take(e)
	}
	sum := 0
	for _, n := range sample {
		sum += n
	}
	events := int64(sum)
	q.EventsExact = q.Entries <= maxSample+1
	if !q.EventsExact && len(sample) > 0 {
		events = int64(float64(sum) / float64(len(sample)) * float64(q.Entries))
	}
	q.Events = &events
}

// busyWithin is how recently a worker was seen that has something to do. A
// Redis before 7.2 does not see those that wait for a first entry.
const busyWithin = 10 * time.Second

// workers lists who takes entries from the queue.
func (k *look) workers() {
	all, err := k.Options.Redis.XInfoConsumers(k.ctx, k.Keys.Queue(), keys.Group).Result()
	if !k.got("the queue's group", err) {
		return
	}
	for _, c := range all {
		k.Workers = append(k.Workers, Worker{Name: c.Name, Pending: c.Pending, Idle: seconds(c.Idle), State: workerState(c.Pending, c.Idle)})
	}
	slices.SortFunc(k.Workers, func(a, b Worker) int { return cmp.Or(cmp.Compare(a.Idle, b.Idle), cmp.Compare(a.Name, b.Name)) })
}

func workerState(pending int64, idle time.Duration) string {
	switch {
	case idle < busyWithin:
		return Working
	case pending > 0:
		return Gone
	}
	return Quiet
}

// hash reads a hash, but no more than maxFields of it.
func (k *look) hash(what, key string) map[string]string {
	m := map[string]string{}
	for cursor := uint64(0); len(m) < maxFields; {
		list, next, err := k.Options.Redis.HScan(k.ctx, key, cursor, "", 500).Result()
		if !k.got(what, err) {
			return m
		}
		for i := 0; i+1 < len(list); i += 2 {
			m[list[i]] = list[i+1]
		}
		if cursor = next; next == 0 {
			break
		}
	}
	return m
}

// counted reads what was counted and dropped.
func (k *look) counted() {
	c := &Counted{Totals: map[string]int64{}, Late: map[string]int64{}, Drops: map[string]int64{}}
	for f, v := range k.hash("all counts", k.Keys.Bucket(bucket.ID{Period: bucket.All})) {
		if typ, ok := strings.CutSuffix(f, "|n"); ok && number(v) > 0 {
			c.Totals[typ] = number(v)
		}
	}
	for p, n := range k.hash("late events", k.Keys.Late()) {
		c.Late[p] = number(n)
	}
	for reason, n := range k.hash("drops", k.Keys.Drops()) {
		c.Drops[reason] = number(n)
	}
	k.Counted = c
	n, err := k.Options.Redis.XLen(k.ctx, k.Keys.Rejects()).Result()
	if !k.got("samples of drops", err) {
		return
	}
	c.RejectSamples = n
	newest, err := k.Options.Redis.XRevRangeN(k.ctx, k.Keys.Rejects(), "+", "-", 1).Result()
	if k.got("samples of drops", err) && len(newest) > 0 {
		at := entryTime(newest[0].ID).UTC()
		c.NewestReject = &at
	}
}

// buckets looks at what waits to be published.
func (k *look) buckets() {
	n, err := k.Options.Redis.ZCard(k.ctx, k.Keys.Dirty()).Result()
	if !k.got("changed buckets", err) {
		return
	}
	b := &Buckets{Dirty: n, ByPeriod: map[bucket.Period]int64{}}
	k.Buckets = b
	list, err := k.Options.Redis.ZRangeWithScores(k.ctx, k.Keys.Dirty(), 0, maxDirty-1).Result()
	if !k.got("changed buckets", err) {
		return
	}
	for i, z := range list {
		name, _ := z.Member.(string)
		id, err := bucket.ParseID(name)
		if err != nil {
			k.problem("foreign-keys", "the set of changed buckets holds what is none", "another program uses this namespace", "give each its own --namespace or its own Redis")
			continue
		}
		b.ByPeriod[id.Period]++
		if i == 0 {
			b.Oldest, b.Lag = &name, k.age(time.UnixMilli(int64(z.Score*1000)))
		}
	}
}

// lease learns who publishes.
func (k *look) lease() {
	holder, err := k.Options.Redis.Get(k.ctx, k.Keys.Lease("publisher")).Result()
	if !k.got("the publisher's lease", err) {
		return
	}
	left, err := k.Options.Redis.PTTL(k.ctx, k.Keys.Lease("publisher")).Result()
	if !k.got("the publisher's lease", err) {
		return
	}
	f := append(strings.Split(holder, "/"), "", "", "") // host/boot/process id/…
	k.Publisher = &Publisher{Host: f[0], PID: f[2], Expires: seconds(max(0, left))}
}

// meta reads what the daemons agree on.
func (k *look) meta() {
	fields := []string{keys.MetaSchema, keys.MetaFeed, keys.MetaStatus, keys.MetaMessage, keys.MetaGeoIPType, keys.MetaGeoIPBuilt}
	v, err := k.Options.Redis.HMGet(k.ctx, k.Keys.Meta(), fields...).Result()
	if !k.got("the settings", err) {
		return
	}
	text := func(i int) string {
		s, _ := v[i].(string)
		return s
	}
	k.schema = text(0)
	k.Feed = &Feed{ID: orNull(text(1)), Status: cmp.Or(text(2), "live"), Message: orNull(text(3))}
	if text(4) != "" {
		k.GeoIP = &GeoIP{Type: text(4), Built: text(5)}
		if built, err := time.Parse(time.DateOnly, text(5)); err == nil {
			days := float64(int(k.now.Sub(built).Hours()/24*10)) / 10
			k.GeoIP.Age = &days
		}
	}
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// JSON is the report on one line.
func (r *Report) JSON() ([]byte, error) { return json.Marshal(r) }
