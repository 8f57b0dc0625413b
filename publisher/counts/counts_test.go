package counts

import (
	"context"
	"errors"
	"math/rand/v2"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/glowmap/glow/internal/bucket"
	"github.com/glowmap/glow/internal/keys"
	"github.com/glowmap/glow/internal/rdb"
	"github.com/glowmap/glow/internal/redistest"
)

var (
	ns, _ = keys.New("glow")
	hour  = bucket.ID{Period: bucket.Hour, Start: 1395100800}
)

func open(t *testing.T, s *redistest.Server) *Counts {
	t.Helper()
	c, err := rdb.Open(s.URL(), Scripts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return New(c, ns)
}

// count adds n events of one cell, as geoworker does.
func count(ctx context.Context, c redis.Cmdable, id bucket.ID, cell uint32, n uint64) error {
	sum, token := bucket.Sum{}, bucket.NewToken()
	sum.Dims("download").Cells[cell] = n
	_, err := c.TxPipelined(ctx, func(p redis.Pipeliner) error {
		p.HIncrBy(ctx, ns.Bucket(id), "download|n", int64(n))
		p.HSet(ctx, ns.Bucket(id), "token", token.String(), "changed", time.Now().Unix())
		p.RPush(ctx, ns.Parts(id), sum.Append(nil, token))
		p.ZAddNX(ctx, ns.Dirty(), redis.Z{Score: 1, Member: id.String()})
		return nil
	})
	return err
}

// A bucket that is over has one part once it was read, as such buckets fill
// Redis; others keep a few.
func TestCompactsWhatIsOver(t *testing.T) {
	s := redistest.Start(t)
	c, plain := open(t, s), s.Client()
	defer plain.Close()
	tomorrow := bucket.Day.Start(time.Now().Unix()) + 86400
	for id, want := range map[bucket.ID]int64{
		{Period: bucket.Minute, Start: hour.Start}:     1,
		{Period: bucket.Minute, Start: tomorrow}:       1,
		hour:                                           1,
		{Period: bucket.Hour, Start: tomorrow}:         3,
		{Period: bucket.Day, Start: 0}:                 1,
		{Period: bucket.Day, Start: tomorrow}:          3,
		{Period: bucket.All}:                           3,
		{Period: bucket.TenSeconds, Start: hour.Start}: 3,
	} {
		for cell := range uint32(3) {
			if err := count(t.Context(), plain, id, cell, 2); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 {
			b, err := c.Read(t.Context(), id, nil)
			if err != nil || b.Types["download"].N != 6 || len(b.Sum["download"].Cells) != 3 {
				t.Fatalf("%s: %+v, %v", id, b, err)
			}
		}
		if n := plain.LLen(t.Context(), ns.Parts(id)).Val(); n != want {
			t.Errorf("%s: %d parts, want %d", id, n, want)
		}
	}
}

// Whatever is read while others count and compact is one state of the bucket:
// the cells sum up to n.
func TestReadsAreWhole(t *testing.T) {
	s := redistest.Start(t)
	ctx := t.Context()
	var work sync.WaitGroup
	total := make([]uint64, 2)
	for i := range total {
		plain := s.Client()
		defer plain.Close()
		work.Go(func() {
			r := rand.New(rand.NewPCG(uint64(i), 1))
			for range 1000 {
				n := r.Uint64N(5) + 1
				if err := count(ctx, plain, hour, r.Uint32N(50), n); err != nil {
					t.Error(err)
					return
				}
				total[i] += n
			}
		})
	}
	done := make(chan struct{})
	var readers sync.WaitGroup
	for range 2 {
		c := open(t, s)
		readers.Go(func() {
			for {
				check(t, c)
				select {
				case <-done:
					return
				default:
				}
			}
		})
	}
	work.Wait()
	close(done)
	readers.Wait()
	if got := check(t, open(t, s)); got != total[0]+total[1] {
		t.Errorf("%d events, want %d", got, total[0]+total[1])
	}
}

func check(t *testing.T, c *Counts) uint64 {
	b, err := c.Read(t.Context(), hour, nil)
	if err != nil {
		t.Error(err)
		return 0
	}
	if len(b.Types) == 0 {
		return 0
	}
	sum := uint64(0)
	for _, n := range b.Sum["download"].Cells {
		sum += n
	}
	if n := b.Types["download"].N; n != sum {
		t.Errorf("n is %d, the cells are %d", n, sum)
	}
	return sum
}

// A compaction by one who was frozen while another compacted is refused.
func TestLateCompactionIsRefused(t *testing.T) {
	s := redistest.Start(t)
	ctx, plain := t.Context(), s.Client()
	defer plain.Close()
	c := open(t, s)
	add := func() {
		for i := range uint32(fewParts + 10) {
			if err := count(ctx, plain, hour, i, 1); err != nil {
				t.Fatal(err)
			}
		}
	}
	add()
	stale, parts, _, err := c.readSome(ctx, hour, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Read(ctx, hour, nil); err != nil { // compacts
		t.Fatal(err)
	}
	add() // as many parts as there were, and others
	if n, err := c.compact(ctx, hour, parts, stale.Sum); n != 0 || err != nil {
		t.Errorf("done %d, %v", n, err)
	}
	if got := check(t, c); got != 2*(fewParts+10) {
		t.Errorf("%d events", got)
	}
}

func TestCleanAndEvictLookAgain(t *testing.T) {
	s := redistest.Start(t)
	ctx, plain := t.Context(), s.Client()
	defer plain.Close()
	c := open(t, s)
	if _, err := c.Found(ctx, "feed"); err != nil {
		t.Fatal(err)
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(count(ctx, plain, hour, 1, 1))
	b, err := c.Read(ctx, hour, nil)
	must(err)
	must(count(ctx, plain, hour, 1, 1))
	if clean, err := c.Clean(ctx, b, hour.Object(), "d"); clean || err != nil {
		t.Errorf("clean though it has changed: %v", err)
	}
	b, err = c.Read(ctx, hour, nil)
	must(err)
	if b.ETag != "d" {
		t.Errorf("etag %q: the PUT landed, whatever was counted meanwhile", b.ETag)
	}
	other := *b
	other.Feed = "old"
	if clean, err := c.Clean(ctx, &other, "o", "e"); clean || err != nil {
		t.Errorf("clean under another feed: %v", err)
	}
	if clean, err := c.Clean(ctx, b, hour.Object(), "e"); !clean || err != nil {
		t.Errorf("not clean: %v", err)
	}

	// It looks old to who asks what is old, and has changed since.
	must(plain.ZAdd(ctx, ns.Published(), redis.Z{Score: 1, Member: hour.String()}).Err())
	life := func(bucket.Period) time.Duration { return time.Hour }
	never := func(bucket.ID) bool { return false }
	if n, err := c.Evict(ctx, time.Now(), life, never); n != 0 || err != nil {
		t.Errorf("evicted %d, %v", n, err)
	}
	must(plain.HSet(ctx, ns.Bucket(hour), "changed", 1).Err())
	if n, err := c.Evict(ctx, time.Now(), life, never); n != 1 || err != nil {
		t.Errorf("evicted %d, %v; want it gone", n, err)
	}
	if n := plain.Exists(ctx, ns.Bucket(hour), ns.Parts(hour), ns.ETags()).Val(); n != 0 {
		t.Errorf("%d of its keys are left", n)
	}
}

func TestEvictsInPages(t *testing.T) {
	s := redistest.Start(t)
	ctx, plain := t.Context(), s.Client()
	defer plain.Close()
	c := open(t, s)
	var all []redis.Z
	for i := range int64(3*evictPage + 5) {
		all = append(all, redis.Z{Score: 1, Member: bucket.ID{Period: bucket.Minute, Start: i * 60}.String()})
	}
	if err := plain.ZAdd(ctx, ns.Published(), all...).Err(); err != nil {
		t.Fatal(err)
	}
	n, err := c.Evict(ctx, time.Now(), func(bucket.Period) time.Duration { return time.Hour }, func(id bucket.ID) bool { return id.Start%120 == 0 })
	if want := (3*evictPage + 5) / 2; n != want || err != nil {
		t.Errorf("evicted %d, %v; want %d", n, err, want)
	}
}

func TestHash(t *testing.T) {
	h, err := parseHash(map[string]string{
		"token": "00ff", "changed": "1395100800", "download|n": "3", "download|unlocated": "1", "download|day|2014-03-18": "3", "share:twitter|n": "1",
	})
	want := map[string]*Tally{"download": {N: 3, Unlocated: 1, Days: map[string]uint64{"2014-03-18": 3}}, "share:twitter": {N: 1}}
	if err != nil || h.token != "00ff" || h.changed != 1395100800 || !reflect.DeepEqual(h.types, want) {
		t.Errorf("%+v, %v", h, err)
	}
	for _, field := range []string{"download|m", "download", "|", ""} {
		if _, err := parseHash(map[string]string{field: "1"}); !errors.Is(err, ErrCorrupt) {
			t.Errorf("field %q: %v", field, err)
		}
	}
	for _, n := range []string{"", "-1", "x", "99999999999999999999"} {
		if _, err := parseHash(map[string]string{"download|n": n}); !errors.Is(err, ErrCorrupt) {
			t.Errorf("count %q: %v", n, err)
		}
	}
}
