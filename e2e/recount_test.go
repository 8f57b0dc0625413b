package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/glowmap/glow/e2e/harness"
	"github.com/glowmap/glow/e2e/oracle"
	"github.com/glowmap/glow/internal/bucket"
	"github.com/glowmap/glow/internal/keys"
)

// recounter is a system with an archive.
type recounter struct {
	*harness.Glow
	archive string
	oracle  *oracle.Counter
	lines   [][]byte
}

func newRecounter(t *testing.T, events int) *recounter {
	t.Helper()
	g := harness.New(t)
	r := harness.Rand(t)
	c := &recounter{Glow: g, archive: "file://" + t.TempDir()}
	c.oracle = newOracle(t, oracle.Settings{GeoIP: g.GeoIP, Format: oracle.Format{Name: "glow"}}, nil)
	for _, e := range harness.Events(r, events, harness.Addresses(t, r, g.GeoIP, 300), day, 30*time.Hour) {
		c.lines = append(c.lines, e.Line(r, "glow"))
	}
	return c
}

// log appends the next n lines to the log.
func (c *recounter) log(n int) {
	c.T.Helper()
	b := text(c.lines[:n])
	c.lines = c.lines[n:]
	if err := c.oracle.Read(bytes.NewReader(b)); err != nil {
		c.T.Fatal(err)
	}
	f, err := os.OpenFile(c.Log, os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o644)
	if err != nil {
		c.T.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Write(b); err != nil {
		c.T.Fatal(err)
	}
}

func (c *recounter) archiver(args ...string) []string {
	return append(args, "--archive", c.archive)
}

// recount runs "glow recount" and returns what it said and its exit status.
func (c *recounter) recount(args ...string) (string, int) {
	c.T.Helper()
	cmd := exec.Command(harness.Program(c.T, "glow"), append([]string{"recount", "--redis-url", c.Redis.URL(), "--etc", c.Dir, "--archive", c.archive}, args...)...)
	out, _ := cmd.CombinedOutput()
	return string(out), cmd.ProcessState.ExitCode()
}

func (c *recounter) wants(what string, status int, says string, args ...string) string {
	c.T.Helper()
	out, code := c.recount(args...)
	if code != status || !strings.Contains(out, says) {
		c.T.Fatalf("%s: exit %d, want %d and %q:\n%s", what, code, status, says, out)
	}
	return out
}

// falsify changes counts in Redis by hand, and returns the differences.
func (c *recounter) falsify() (list []string) {
	c.T.Helper()
	ctx, all := context.Background(), bucket.ID{Period: bucket.All}
	hour := bucket.ID{Period: bucket.Hour, Start: bucket.Hour.Start(day.Unix() + 3600)}
	minute := bucket.ID{Period: bucket.Minute, Start: bucket.Minute.Start(day.Unix() + 600)}
	n := c.Client.HGet(ctx, c.Keys.Bucket(hour), "download|n").Val()
	was, _ := c.Client.HGet(ctx, c.Keys.Bucket(all), "download|n").Int()
	_, err := c.Client.TxPipelined(ctx, func(p redis.Pipeliner) error {
		p.HIncrBy(ctx, c.Keys.Bucket(hour), "download|n", 7)
		sum := bucket.Sum{}
		sum.Dims("download").Cells[1] = 3
		sum.Dims("download").Countries["ZZ"] = 2
		p.RPush(ctx, c.Keys.Parts(hour), sum.Append(nil, bucket.NewToken()))
		p.HSet(ctx, c.Keys.Bucket(hour), "token", "0000000000000000")
		p.Del(ctx, c.Keys.Bucket(minute), c.Keys.Parts(minute))
		p.HIncrBy(ctx, c.Keys.Bucket(all), "download|n", 100)
		p.ZAdd(ctx, c.Keys.Dirty(), redis.Z{Score: 1, Member: hour.String()}, redis.Z{Score: 1, Member: all.String()})
		return nil
	})
	if err != nil {
		c.T.Fatal(err)
	}
	var before int
	fmt.Sscan(n, &before)
	return []string{
		fmt.Sprintf("%s download n  %d %d", hour.Object(), before+7, before),
		hour.Object() + " download cells 1 3 0", hour.Object() + " download countries ZZ 2 0",
		fmt.Sprintf("%s download n  %d %d", all.Object(), was+100, was),
	}
}

// A live system whose buckets are falsified by hand: the difference is shown,
// exactly; swapped under load; and the feed is the oracle's, byte for byte.
func TestRecount(t *testing.T) {
	t.Parallel()
	c := newRecounter(t, 6000)
	c.wants("no archive", 1, "the archive is off")
	c.Once("archiver", c.archiver()...)
	c.log(2000)
	c.Once("tailer")
	c.Count(2)
	c.Once("archiver", c.archiver()...)
	c.log(1000)
	c.Once("tailer")
	c.Count(1) // which the archiver has not seen
	c.Once("publisher")
	c.wants("all is right", 0, ", 0 differ in 0 counts")
	planted := c.falsify()
	var r struct {
		Differences []struct {
			Bucket, Type, Dimension, Key string
			Live, Archive                uint64
		}
	}
	if err := json.Unmarshal([]byte(c.wants("falsified", 1, "differences", "--json")), &r); err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	minute := 0 // what is gone with the minute
	for _, d := range r.Differences {
		found[fmt.Sprintf("%s %s %s %s %d %d", d.Bucket, d.Type, d.Dimension, d.Key, d.Live, d.Archive)] = true
		if strings.HasPrefix(d.Bucket, "1m/") {
			minute++
		}
	}
	for _, p := range planted {
		if !found[p] {
			t.Errorf("not shown: %s", p)
		}
	}
	if minute == 0 || len(r.Differences)-minute != len(planted) {
		t.Errorf("%d differences of the minute, %d others, want some and %d: %+v", minute, len(r.Differences)-minute, len(planted), r.Differences)
	}
	c.Once("publisher") // shows what is wrong to everybody

	c.Start("tailer")
	c.Start("geoworker")
	c.Start("archiver", c.archiver("--segment-every", "1s")...)
	publisher := c.Start("publisher", "--every", "200ms")
	c.wants("without a target", 2, "--target", "--apply")
	done := make(chan struct{})
	go func() {
		defer close(done)
		for len(c.lines) > 0 {
			c.log(min(15, len(c.lines)))
			tick := time.NewTimer(20 * time.Millisecond)
			<-tick.C
		}
	}()
	harness.Until(t, "the load comes through", 20*time.Second, func() (bool, string) {
		s, err := c.State()
		return err == nil && s.Counted > 3300, fmt.Sprint(s, err)
	})
	out := c.wants("under load", 0, " swapped, counting paused for ", "--apply", "--target", c.Target)
	t.Logf("%s", out)
	<-done
	c.WaitCounted(c.oracle.Lines, time.Minute)
	c.wants("afterwards", 0, ", 0 differ in 0 counts")
	publisher.Stop()
	c.Once("publisher") // what is published once a minute
	c.Feed().Compare(t, c.oracle)
	if n := c.Client.HExists(context.Background(), c.Keys.Meta(), keys.MetaPaused).Val(); n {
		t.Error("counting is still marked as paused")
	}
}

// What the archive misses is refused, and the rest of it is not.
func TestRecountMisses(t *testing.T) {
	t.Parallel()
	c := newRecounter(t, 2000)
	c.log(1000)
	c.Once("tailer")
	c.Count(1)
	c.Once("archiver", c.archiver()...) // begins later than the feed
	c.log(1000)
	c.Once("tailer")
	c.Count(1)
	c.wants("the first day", 1, "the archive misses")
	c.wants("the days before", 0, "0 differ", "--to", day.Format(time.DateOnly))
	c.wants("a mistake", 2, "--from (or GLOW_FROM)", "--from", "yesterday")
	if err := c.Client.HSet(context.Background(), c.Keys.Meta(), keys.MetaFeed, "0123456789abcdef").Err(); err != nil {
		t.Fatal(err)
	}
	c.wants("another feed", 1, "archive is of feed")
}

// evict has the publisher evict all minutes, as if they had not changed for long.
func (c *recounter) evict() {
	c.T.Helper()
	ctx := context.Background()
	long := time.Now().AddDate(0, 0, -30).Unix()
	_, err := c.Client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for _, member := range c.Client.ZRange(ctx, c.Keys.Published(), 0, -1).Val() {
			id, err := bucket.ParseID(member)
			if err != nil {
				return err
			}
			p.HSet(ctx, c.Keys.Bucket(id), "changed", long)
			p.ZAddXX(ctx, c.Keys.Published(), redis.Z{Score: float64(long), Member: member})
		}
		return nil
	})
	if err != nil {
		c.T.Fatal(err)
	}
	if says := c.Once("publisher"); strings.HasSuffix(says, " 0 evicted") {
		c.T.Fatalf("nothing has left redis: %s", says)
	}
}

// Buckets that have left Redis are compared with their files: a wrong one and
// one to which an event came too late come back, and leave again.
func TestRecountEvicted(t *testing.T) {
	t.Parallel()
	c := newRecounter(t, 1000)
	wrong := bucket.ID{Period: bucket.Minute, Start: bucket.Minute.Start(day.Unix() + 86400)}
	c.lines[0] = fmt.Appendf(nil, "192.0.2.1 %d", wrong.Start+1) // a file that was once put stays, if empty
	c.Once("publisher")
	c.Once("archiver", c.archiver()...)
	line := fmt.Appendf(nil, "192.0.2.1 %d share:late", day.Unix()+90)
	c.lines = append(c.lines, line, line)
	c.log(1001)
	c.Once("tailer")
	c.Count(1)
	ctx := context.Background()
	c.Client.HIncrBy(ctx, c.Keys.Bucket(wrong), "share:wrong|n", 3)
	sum := bucket.Sum{}
	d := sum.Dims("share:wrong")
	d.Cells[1], d.Beat[7] = 3, 3
	c.Client.RPush(ctx, c.Keys.Parts(wrong), sum.Append(nil, bucket.NewToken()))
	c.Client.ZAdd(ctx, c.Keys.Dirty(), redis.Z{Score: 1, Member: wrong.String()})
	c.Once("publisher")
	c.evict()
	c.log(1)
	c.Once("tailer")
	c.Count(1)
	c.wants("what is in redis", 0, "have left redis, 0 differ")
	c.wants("without their files", 2, "--target", "--evicted")
	late := bucket.ID{Period: bucket.Minute, Start: bucket.Minute.Start(day.Unix() + 90)}
	if out := c.wants("evicted", 1, " 2 differ in ", "--evicted", "--target", c.Target); !strings.Contains(out, wrong.Object()) || !strings.Contains(out, late.Object()) {
		t.Errorf("other buckets differ:\n%s", out)
	}
	c.wants("applied", 0, ", 2 swapped", "--evicted", "--target", c.Target, "--apply")
	c.Once("publisher")
	c.Feed().Compare(t, c.oracle)
	c.evict()
	c.wants("evicted again", 0, ", 0 differ in 0 counts", "--evicted", "--target", c.Target)
	c.Feed().Compare(t, c.oracle)
}
