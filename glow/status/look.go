package status

import (
	"context"
	"errors"
	"os"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/glowmap/glow/internal/keys"
	"github.com/glowmap/glow/publisher/store"
)

// Options say where to look.
type Options struct {
	Redis     redis.Cmdable // a client of rdb.OpenReader
	URL       string        // of Redis, without secrets
	Namespace string
	Keys      keys.Keys
	MaxLag    time.Duration // what waits for longer is a problem

	Target      store.Store // nil: not known
	TargetName  string
	TargetAsked bool // it was given for this look: not to reach it is a problem

	Spool      string // "" : not known
	Admin      []string
	AdminAsked bool // they were given for this look: none may be silent
}

// Time limits of one look: of all questions to Redis together, and of each
// neighbour.
const (
	redisTime = 15 * time.Second
	askTime   = 5 * time.Second
	adminTime = time.Second
)

// Looker looks, again and again if need be.
type Looker struct {
	Options
	host   string
	before *Report
}

// New makes a Looker.
func New(o Options) *Looker {
	host, _ := os.Hostname()
	return &Looker{Options: o, host: strings.ReplaceAll(host, " ", "_")}
}

// look is one look under way.
type look struct {
	*Looker
	*Report
	ctx    context.Context // of what Redis is asked
	now    time.Time       // of Redis where it answers
	away   error           // why Redis can be asked nothing more
	schema string
	stuck  []string // files whose tailer does not go on
}

// Look looks once.
func (l *Looker) Look(ctx context.Context) *Report {
	now := time.Now()
	k := &look{Looker: l, now: now, Report: &Report{
		Version: 1, Time: now.UTC(), Namespace: l.Namespace, Problems: []Problem{},
		Workers: []Worker{}, Sources: []Source{}, Queriers: []Querier{}, Daemons: []Daemon{},
	}}
	daemons := make(chan []Daemon, 1)
	go func() { daemons <- l.askAll(ctx) }()
	redisCtx, cancel := context.WithTimeout(ctx, redisTime)
	defer cancel()
	k.ctx = redisCtx
	k.server()
	for _, part := range []func(){k.queue, k.workers, k.sources, k.counted, k.buckets, k.lease, k.meta, k.archive} {
		if k.away == nil {
			part()
		}
	}
	k.Daemons = <-daemons
	k.queriers()
	k.target(ctx)
	k.spool()
	k.stalled(ctx)
	k.judge()
	k.rates(l.before)
	l.before = k.Report
	return k.Report
}

// got says whether an answer of Redis may be used. What is wrong with it is
// noted: a key of another type, a command that is forbidden, or a Redis that
// is away, which is asked nothing more.
func (k *look) got(what string, err error) bool {
	switch {
	case err == nil:
		return true
	case errors.Is(err, redis.Nil), k.away != nil:
	case redis.HasErrorPrefix(err, "WRONGTYPE"):
		k.problem("foreign-keys", "the key of "+what+" is of another type than Glow's",
			"another program uses this namespace, and Glow cannot work in it",
			"give each its own --namespace or its own Redis, then delete the foreign keys")
	case redis.HasErrorPrefix(err, "NOPERM"):
		k.problem("may-not-look", "this Redis user may not read "+what,
			"what is said here is incomplete", "run \"glow doctor\" with the daemons' --redis-url: it says which rights are missing")
	case strings.HasPrefix(err.Error(), "ERR "), redis.HasErrorPrefix(err, "NOGROUP"): // no such key, no such command
	default:
		k.away = err
	}
	return false
}

// problem notes a problem, once.
func (k *look) problem(id, what, means, do string) {
	for _, p := range k.Problems {
		if p.ID == id && p.What == what {
			return
		}
	}
	k.Problems = append(k.Problems, Problem{id, what, means, do})
}

// age is how long before now a moment was, never less than 0.
func (k *look) age(t time.Time) float64 { return seconds(max(0, k.now.Sub(t))) }

// seconds are rounded to milliseconds.
func seconds(d time.Duration) float64 { return float64(d.Milliseconds()) / 1000 }
