package torn

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/redis/go-redis/v9"

	"github.com/glowmap/glow/e2e/harness"
	"github.com/glowmap/glow/geoworker/count"
	"github.com/glowmap/glow/geoworker/locate"
	"github.com/glowmap/glow/internal/bucket"
	"github.com/glowmap/glow/internal/daemon"
	"github.com/glowmap/glow/internal/grid"
	"github.com/glowmap/glow/internal/keys"
	"github.com/glowmap/glow/internal/rdb"
	"github.com/glowmap/glow/internal/redistest"
	"github.com/glowmap/glow/internal/snapshot"
	"github.com/glowmap/glow/publisher/counts"
	"github.com/glowmap/glow/tailer/intake"
	"github.com/glowmap/glow/tailer/parse"
	"github.com/glowmap/glow/tailer/push"
)

const degrees = 0.5

// system is a Redis with daemons that run one after the other in this process.
type system struct {
	redis *redistest.Server
	keys  keys.Keys
	log   string
	merge *count.Merge
	store map[string][]byte // by object: the target
	put   func(object string, json []byte)
	drops int
	gate  string // the gate's script
	runs  int    // of geoworkers
}

// system makes one with a Redis of its own, for the recording's log.
func (r *recording) system(t *testing.T) *system {
	t.Helper()
	k, err := keys.New(keys.DefaultNamespace)
	if err != nil {
		t.Fatal(err)
	}
	g, err := grid.New(degrees)
	if err != nil {
		t.Fatal(err)
	}
	places, err := locate.Open(r.geoip, g)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { places.Close() })
	gate, err := os.ReadFile(filepath.Join(harness.Root(), "internal", "rdb", "gate.lua"))
	if err != nil {
		t.Fatal(err)
	}
	s := &system{redis: redistest.Start(t, "--appendfsync", "no", "--hz", "500"), keys: k, log: r.log, merge: count.New(), store: map[string][]byte{}, gate: string(gate)}
	s.merge.Use(places)
	return s
}

// pretend makes the gate believe that it was passed.
func (s *system) pretend() {
	c := s.redis.Client()
	defer c.Close()
	_ = c.ScriptLoad(context.Background(), s.gate).Err() // else the gate is passed: the test is weaker, not wrong
}

// size is how long the append-only file is.
func (s *system) size(t *testing.T) int {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(s.redis.Dir(), "appendonlydir", "*.incr.aof"))
	if err != nil || len(files) != 1 {
		t.Fatalf("append-only files: %v, %v", files, err)
	}
	st, err := os.Stat(files[0])
	if err != nil {
		t.Fatal(err)
	}
	return int(st.Size())
}

// work queues and counts all that there is, with fresh connections, and
// publishes it if asked to.
func (s *system) work(publish bool) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	scripts := append([]*rdb.Script{push.Script, count.Script}, counts.Scripts...)
	c, err := rdb.Open(s.redis.URL(), scripts...)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := s.tail(ctx, c); err != nil {
		return fmt.Errorf("tailer: %w", err)
	}
	if err := s.count(ctx, c); err != nil {
		return fmt.Errorf("geoworker: %w", err)
	}
	if publish {
		if err := s.publish(ctx, c); err != nil {
			return fmt.Errorf("publisher: %w", err)
		}
	}
	return s.look(ctx, c)
}

// tail runs the tailer's intake once.
func (s *system) tail(ctx context.Context, c *rdb.Client) error {
	d := &daemon.Daemon{Name: "tailer", Log: slog.New(slog.NewTextHandler(io.Discard, nil)), Redis: c, Keys: s.keys, Metrics: prometheus.NewRegistry(), Once: true}
	p, err := parse.New(parse.Options{Format: "glow", Type: "download"})
	if err != nil {
		return err
	}
	in, err := intake.New(d, intake.Options{Paths: []string{s.log}, Parser: p, Once: true})
	if err != nil {
		return err
	}
	return in.Run(ctx)
}

// count takes over what a dead worker held, and counts that and all else.
func (s *system) count(ctx context.Context, c *rdb.Client) error {
	s.merge.Forget()
	s.runs++
	consumer := fmt.Sprint("worker-", s.runs)
	err := c.XGroupCreateMkStream(ctx, s.keys.Queue(), keys.Group, "0").Err()
	if err != nil && !strings.HasPrefix(err.Error(), "BUSYGROUP") {
		return err
	}
	left, _, err := c.XAutoClaim(ctx, &redis.XAutoClaimArgs{Stream: s.keys.Queue(), Group: keys.Group, Consumer: consumer, Start: "0", Count: 1000}).Result()
	if err != nil {
		return err
	}
	fresh, err := c.XReadGroup(ctx, &redis.XReadGroupArgs{Group: keys.Group, Consumer: consumer, Streams: []string{s.keys.Queue(), ">"}, Block: -1}).Result()
	if err != nil && !rdb.Nil(err) {
		return err
	}
	for _, stream := range fresh {
		left = append(left, stream.Messages...)
	}
	for _, e := range left {
		s.merge.Add(e.ID, e.Values)
	}
	if len(left) == 0 {
		return nil
	}
	_, err = s.merge.Step(s.keys, consumer).Commit(ctx, c)
	return err
}

// publish puts all that is dirty.
func (s *system) publish(ctx context.Context, c *rdb.Client) error {
	p := counts.New(c, s.keys)
	if _, err := p.Found(ctx, bucket.NewToken().String()); err != nil {
		return err
	}
	ids, err := p.Oldest(ctx, 1000)
	if err != nil {
		return err
	}
	for _, id := range ids {
		b, err := p.Read(ctx, id, nil)
		if err != nil {
			return err
		}
		shot := snapshot.Make(id, degrees)
		for typ, t := range b.Types {
			shot.SetType(typ, t.N, t.Unlocated, t.Days, b.Sum[typ])
		}
		json, err := snapshot.Encode(shot)
		if err != nil {
			return err
		}
		s.store[id.Object()] = json
		if s.put != nil {
			s.put(id.Object(), json)
		}
		if clean, err := p.Clean(ctx, b, id.Object(), ""); err != nil || !clean {
			return fmt.Errorf("%s stays dirty: %w", id, err)
		}
	}
	return nil
}

// look counts the drops.
func (s *system) look(ctx context.Context, c *rdb.Client) error {
	reasons, err := c.HVals(ctx, s.keys.Drops()).Result()
	s.drops = 0
	for _, text := range reasons {
		n := 0
		_, _ = fmt.Sscan(text, &n)
		s.drops += n
	}
	return err
}
