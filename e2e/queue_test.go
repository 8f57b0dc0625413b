package e2e

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/glowmap/glow/e2e/harness"
	"github.com/glowmap/glow/e2e/oracle"
)

// Anything that can XADD is a source. Entries that nobody can read are given
// up on line by line, and hold nothing up.
func TestForeignSource(t *testing.T) {
	t.Parallel()
	r := harness.Rand(t)
	g := harness.New(t)
	settings := oracle.Settings{GeoIP: g.GeoIP, Format: oracle.Format{Name: "glow"}, Now: time.Now()}
	var log [][]byte
	for _, e := range harness.Events(r, harness.Size(t, "GLOW_E2E_LINES", 10000), harness.Addresses(t, r, g.GeoIP, 2000), day, 7*time.Hour) {
		log = append(log, []byte(e.Wire()))
	}
	poison := 0
	for batch := range slices.Chunk(log, 700) {
		values := []any{"source", "test"}
		switch r.IntN(10) {
		case 0:
			poison += add(t, g, "source", "test") // no events at all
		case 1:
			poison += add(t, g, "events", "1.2.3.4 soon download", "source", "test")
		case 2:
			batch = append(slices.Clone(batch), []byte("rubbish"), []byte("1.2.3.4 5 \xff\x00"))
			poison += 2
		case 3:
			poison += add(t, g, "events", strings.Repeat("1.2.3.4 5 download\n", 200_000)) // nobody's batch
		case 4:
			poison += add(t, g, slices.Repeat([]any{strings.Repeat("x", 9999), "1.2.3.4 5 download"}, 100)...)
		}
		add(t, g, append(values, "events", bytes.Join(batch, []byte("\n")))...)
	}
	g.Count(4)
	g.Once("publisher")
	o := newOracle(t, settings, text(log))
	g.Feed().Compare(t, o)
	s, err := g.State()
	if err != nil || s.Drops["geoworker:poison"] != poison || s.Dropped() != poison || s.Queued != 0 {
		t.Errorf("%v, %v; want %d events and %d poison", s, err, o.Events, poison)
	}
}

func add(t *testing.T, g *harness.Glow, values ...any) int {
	t.Helper()
	if err := g.Client.XAdd(context.Background(), &redis.XAddArgs{Stream: g.Keys.Queue(), Values: values}).Err(); err != nil {
		t.Fatal(err)
	}
	return 1
}
