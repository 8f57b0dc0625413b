package doctor

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/glowmap/glow/glow/term"
	"github.com/glowmap/glow/internal/keys"
	"github.com/glowmap/glow/internal/rdb"
)

// redisTime is how long all questions to Redis may take together.
const redisTime = 15 * time.Second

const useFragment = "use scripts/redis.conf, or CONFIG SET and CONFIG REWRITE: "

// redis looks at the server.
func (d *doctor) redis() {
	outer := d.ctx
	ctx, cancel := d.within(redisTime)
	defer func() { cancel(); d.ctx = outer }()
	d.ctx = ctx
	asked := time.Now()
	in, err := rdb.Info(ctx, d.Redis, "server", "memory", "persistence", "replication", "cluster")
	took := time.Since(asked)
	switch {
	case err != nil && redis.HasErrorPrefix(err, "NOPERM"):
		d.refuse("redis-answers", "this user may not ask Redis for INFO", "the daemons need it, and nothing more can be said", "grant +info")
		return
	case err != nil:
		d.refuse("redis-answers", "Redis at "+d.URL+" does not answer: "+err.Error(), "nothing is queued, counted or published; the daemons wait, and nothing is lost", "see to Redis and its log; is this the right --redis-url?")
		return
	case in["loading"] == "1":
		d.refuse("redis-answers", "Redis at "+d.URL+" is loading its data", "it has restarted, and the daemons wait for it", "wait, then ask again")
		return
	}
	d.info = in
	d.ok("redis-answers", fmt.Sprintf("Redis %s at %s answers in %.1f ms", in["redis_version"], d.URL, float64(took.Microseconds())/1000))
	d.parts(d.configuration, d.accepted, d.role, d.appendOnly, d.tornFile, d.memory, d.speed, d.disk, d.clock, d.rights, d.foreign)
}

// parts looks at one part after the other, for as long as Redis answers. What a
// part said without answers is taken back: it may have taken silence for a no.
func (d *doctor) parts(parts ...func()) {
	silence := &away{}
	d.Redis.AddHook(silence)
	for _, part := range parts {
		said, worst := len(d.Findings), d.Worst
		part()
		if silence.err != nil {
			d.Findings, d.Worst, d.info = d.Findings[:said], worst, nil
			d.refuse("redis-answers", "Redis at "+d.URL+" answered, and then did not: "+silence.err.Error(), "it has stopped or restarted, or is too slow; the rest of what there is to say of it is not known", "see to Redis and its log, then ask again")
			return
		}
	}
}

// configuration reads what of Redis's settings matters, if it is told.
func (d *doctor) configuration() {
	names := []string{"appendfsync", "no-appendfsync-on-rewrite", "aof-load-truncated", "hash-max-listpack-entries", "maxmemory-policy", "min-replicas-to-write"}
	all := map[string]string{}
	for _, name := range names {
		m, err := d.Redis.ConfigGet(d.ctx, name).Result()
		if err != nil {
			d.note("redis-config", "Redis does not tell its configuration: "+err.Error(), "what follows is what can be seen without it", "grant +config|get to this user; a managed Redis may not allow that")
			return
		}
		for k, v := range m {
			all[k] = v
		}
	}
	d.config = all
}

// accepted asks what the daemons ask when they start.
func (d *doctor) accepted() {
	warnings, err := rdb.Check(d.ctx, d.Redis)
	switch {
	case err != nil:
		d.refuse("redis-accepted", "daemons refuse this Redis: "+err.Error(), "they end at once with this message", "what the message says")
	case len(warnings) > 0:
		d.ok("redis-accepted", "daemons accept this Redis, with warnings (see below)")
	default:
		d.ok("redis-accepted", "daemons accept this Redis")
	}
}

func (d *doctor) role() {
	replicas, _ := strconv.Atoi(d.info["connected_slaves"])
	switch {
	case d.info["role"] != "" && d.info["role"] != "master":
		d.refuse("redis-role", "this Redis is a replica", "daemons cannot write to it", "name the primary in --redis-url")
	case replicas > 0:
		d.ok("redis-role", "a primary with "+term.Many(replicas, "replica", "replicas"))
	default:
		d.ok("redis-role", "a primary, without replicas")
	}
	if replicas > 0 && d.config["min-replicas-to-write"] == "0" {
		d.note("redis-replicas", "min-replicas-to-write 0", "a primary that is cut off from its replicas goes on counting beside the promoted one, and numbers may go back and forth until it is stopped", "docs/operating.md, \"Failover\"")
	}
}

func (d *doctor) appendOnly() {
	if d.info["aof_enabled"] != "1" {
		d.warn("redis-appendonly", "no append-only file", "when Redis dies, all since its last snapshot is lost with it and read again from the logs, as far as they go back", useFragment+"appendonly yes")
		return
	}
	switch fsync := d.config["appendfsync"]; fsync {
	case "":
		d.note("redis-appendonly", "append-only file; how often it is synced is not told", "with appendfsync no a crash takes back more than a second", "make sure that appendfsync is everysec or always")
	case "no":
		d.warn("redis-appendonly", "append-only file that is never synced (appendfsync no)", "a crash of the machine takes back what the kernel had not written yet, and no position is ever known to be safe", useFragment+"appendfsync everysec")
	default:
		d.ok("redis-appendonly", "append-only file, synced: "+fsync)
	}
	if d.config["no-appendfsync-on-rewrite"] == "yes" {
		d.warn("redis-rewrite-sync", "no-appendfsync-on-rewrite yes", "a crash while the file is rewritten may take back minutes", useFragment+"no-appendfsync-on-rewrite no")
	}
}

// tornFile looks at the counter-measures to a torn end of the append-only
// file: loaded by Redis 7.0, it breaks the atomicity of steps.
func (d *doctor) tornFile() {
	if d.info["aof_enabled"] != "1" || d.config == nil {
		return
	}
	if d.config["aof-load-truncated"] == "no" {
		d.ok("redis-torn-file", "a torn append-only file is not loaded")
		return
	}
	d.note("redis-torn-file", "Redis loads an append-only file with a torn end (aof-load-truncated yes)",
		"Redis 7.0 may keep half a step from it; the daemons have the file rewritten first after each restart, which prevents that as long as BGREWRITEAOF is allowed (redis-rights)",
		"for a second line of defence: scripts/redis.conf and the drop-in in systemd/redis-server.service.d")
}

func (d *doctor) memory() {
	used, _ := strconv.ParseInt(d.info["used_memory"], 10, 64)
	limit, _ := strconv.ParseInt(d.info["maxmemory"], 10, 64)
	policy := d.info["maxmemory_policy"]
	switch {
	case policy != "" && policy != "noeviction" && limit > 0:
		d.refuse("redis-eviction", "maxmemory-policy "+policy+" with a maxmemory", "a full Redis deletes counts", useFragment+"maxmemory-policy noeviction")
	case policy != "" && policy != "noeviction":
		d.warn("redis-eviction", "maxmemory-policy "+policy, "a maxmemory that is set later will delete counts", useFragment+"maxmemory-policy noeviction")
	default:
		d.ok("redis-eviction", "maxmemory-policy noeviction: a full Redis refuses new events and forgets nothing")
	}
	if limit > 0 && used > limit/10*8 {
		d.warn("redis-memory", fmt.Sprintf("%s of %s are in use", term.Bytes(used), term.Bytes(limit)), "when it is full the intake stops; counting and publishing go on, and nothing is lost", "raise maxmemory")
		return
	}
	d.ok("redis-memory", term.Bytes(used)+" are in use")
}

// packedMost is up to which size small hashes are cheap.
const packedMost = 128

func (d *doctor) speed() {
	n, err := strconv.Atoi(d.config["hash-max-listpack-entries"])
	if err == nil && n > packedMost {
		d.note("redis-hashes", fmt.Sprintf("hash-max-listpack-entries %d", n), "larger bucket hashes cost Redis about three times the CPU", useFragment+"hash-max-listpack-entries 64")
	}
}

// disk looks at what Redis says of its own writing.
func (d *doctor) disk() {
	bad := ""
	for _, field := range []string{"aof_last_write_status", "aof_last_bgrewrite_status", "rdb_last_bgsave_status"} {
		if s := d.info[field]; s != "" && s != "ok" {
			bad += " " + field + ":" + s
		}
	}
	if bad != "" {
		d.refuse("redis-disk", "Redis could not write its files:"+bad, "what it holds would be lost with it; after a failed rewrite daemons that start wait, and after a failed snapshot Redis may refuse to write", "see its log: its disk is full or fails, or vm.overcommit_memory is 0")
		return
	}
	d.ok("redis-disk", "the last writes to its disk worked")
}

// Differences between clocks that matter.
const (
	clockNote  = 2 * time.Second
	clockError = 4 * time.Minute // "future" begins at five
)

func (d *doctor) clock() {
	asked := time.Now()
	there, err := d.Redis.Time(d.ctx).Result()
	if err != nil {
		return // see redis-rights
	}
	d.compareClock("redis-clock", "Redis's", there.Sub(asked.Add(time.Since(asked)/2)),
		"events are dropped as \"future\" when the log's clock is more than five minutes ahead of Redis's")
}

func (d *doctor) compareClock(check, whose string, ahead time.Duration, means string) {
	off := ahead.Abs()
	what := fmt.Sprintf("%s clock is %s off the one here", whose, term.Span(off))
	switch {
	case off >= clockError:
		d.refuse(check, what, means, "have both hosts set their clocks by NTP")
	case off >= clockNote:
		d.warn(check, what, means, "have both hosts set their clocks by NTP")
	default:
		d.ok(check, whose+" clock agrees with the one here")
	}
}

// foreign looks whether the namespace's keys are ours.
func (d *doctor) foreign() {
	want := map[string]string{
		d.Keys.Queue(): "stream", d.Keys.Positions(): "hash", d.Keys.Drops(): "hash", d.Keys.Dirty(): "zset", d.Keys.Published(): "zset",
		d.Keys.Late(): "hash", d.Keys.Names(): "hash", d.Keys.Rejects(): "stream", d.Keys.Lease("publisher"): "string", d.Keys.ETags(): "hash", d.Keys.Meta(): "hash",
	}
	var bad []string
	for key, typ := range want {
		if got, err := d.Redis.Type(d.ctx, key).Result(); err == nil && got != "none" && got != typ {
			bad = append(bad, key+" is a "+got)
		}
	}
	schema, err := d.Redis.HGet(d.ctx, d.Keys.Meta(), keys.MetaSchema).Result()
	switch {
	case len(bad) > 0:
		d.refuse("redis-keys", "keys of other types than Glow's: "+strings.Join(bad, ", "), "another program uses this namespace, and Glow cannot work in it", "give each its own --namespace or its own Redis, then delete the foreign keys")
	case err == nil && schema != keys.Schema:
		d.refuse("redis-keys", "Redis holds the schema "+schema+", this Glow knows "+keys.Schema, "daemons of this version refuse to work with it", "run the version that belongs to it")
	default:
		d.ok("redis-keys", "the namespace "+d.Namespace+" is Glow's alone")
	}
}
