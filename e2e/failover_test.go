package e2e

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/glowmap/glow/e2e/harness"
	"github.com/glowmap/glow/internal/redistest"
)

// pair is a primary and a replica whose link can be cut.
type pair struct {
	t       *testing.T
	g       *harness.Glow
	replica *redistest.Server
	port    string // of the primary
	link    *harness.Tap
}

// newPair makes a system on a primary that has a replica.
func newPair(t *testing.T) *pair {
	t.Helper()
	port := redistest.Port(t)
	g := harness.New(t, "--port", port)
	p := &pair{t: t, g: g, port: port}
	p.link = harness.NewTap(t, "tcp", "127.0.0.1:"+port, func([]byte) harness.Fate { return harness.Fate{} })
	return p
}

// replicate starts the replica; of is the port that it takes the primary for.
func (p *pair) replicate(of string) {
	p.t.Helper()
	p.replica = redistest.Start(p.t, "--port", redistest.Port(p.t), "--replicaof", "127.0.0.1 "+of, "--repl-diskless-sync-delay", "0")
	c := p.replica.Client()
	defer c.Close()
	harness.Until(p.t, "the replica follows", 30*time.Second, func() (bool, string) {
		info, err := c.Info(context.Background(), "replication").Result()
		return err == nil && strings.Contains(info, "master_link_status:up"), fmt.Sprint(err)
	})
}

// lag breaks the replica's link for good, where that cannot be cut: it gets a
// password that is wrong.
func (p *pair) lag() {
	p.t.Helper()
	c := p.replica.Client()
	defer c.Close()
	if err := c.ConfigSet(context.Background(), "masterauth", "wrong").Err(); err != nil {
		p.t.Fatal(err)
	}
	if err := p.g.Client.Do(context.Background(), "CLIENT", "KILL", "TYPE", "replica").Err(); err != nil {
		p.t.Fatal(err)
	}
}

// lose kills the primary, and says how much the replica lacks.
func (p *pair) lose() {
	p.t.Helper()
	before, err := p.g.State()
	if err != nil {
		p.t.Fatal(err)
	}
	p.g.Redis.Kill()
	p.g.Client.Close()
	p.g.Redis, p.g.Client = p.replica, p.replica.Client()
	after, err := p.g.State()
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Logf("the primary died with %v; the replica has %v", before, after)
	if after.Counted >= before.Counted {
		p.t.Errorf("nothing was lost: is this a test of anything?")
	}
}

// A replica that lags behind is promoted by hand, and the address that the
// daemons know leads to it: what it lacks is read again from the log.
func TestPromotedReplica(t *testing.T) {
	t.Parallel()
	r := harness.Rand(t)
	p := newPair(t)
	p.replicate(portOf(t, p.link.Addr()))
	address := p.g.Tap(func([]byte) harness.Fate { return harness.Fate{} })
	for _, name := range []string{"tailer", "geoworker", "publisher"} {
		p.g.Args[name] = address.Args()
	}
	f := startFlow(t, r, p.g, harness.Size(t, "GLOW_E2E_LINES", 15000), 6*time.Second)
	every(r, 1, 1500*time.Millisecond, func(int) { p.link.Turn("tcp", "127.0.0.1:1") }) // from now on it lags
	every(r, 1, 1500*time.Millisecond, func(int) { p.lose() })
	if err := p.g.Client.ReplicaOf(context.Background(), "NO", "ONE").Err(); err != nil {
		t.Fatal(err)
	}
	o := p.g.Client.Options()
	address.Turn(o.Network, o.Addr)
	f.finish(t)
}

// Sentinel promotes a replica that lags behind.
func TestSentinel(t *testing.T) {
	t.Parallel()
	r := harness.Rand(t)
	p := newPair(t)
	p.replicate(p.port)
	sentinel := redistest.Sentinel(t, "glow", p.port)
	for _, name := range []string{"tailer", "geoworker", "publisher"} {
		p.g.Args[name] = []string{"--redis-url", "redis+sentinel://" + sentinel + "/glow"}
	}
	f := startFlow(t, r, p.g, harness.Size(t, "GLOW_E2E_LINES", 15000), 6*time.Second)
	every(r, 1, 1500*time.Millisecond, func(int) { p.lag() })
	every(r, 1, 1500*time.Millisecond, func(int) { p.lose() })
	f.finish(t)
}

// A replica that holds nothing is promoted: the publisher does not take that
// for the feed, and what is published stays.
func TestEmptyReplica(t *testing.T) {
	t.Parallel()
	c := newContents(t)
	lines := c.lines(300)
	write(t, c.g.Log, lines)
	c.expect(lines)
	address := c.g.Tap(func([]byte) harness.Fate { return harness.Fate{} })
	for _, name := range []string{"tailer", "geoworker", "publisher"} {
		c.g.Args[name] = address.Args()
	}
	c.g.All(1)
	publisher := c.g.Start("publisher", "--every", "200ms")
	harness.Until(t, "the publisher works", 20*time.Second, func() (bool, string) {
		n, err := c.g.Client.Exists(context.Background(), c.g.Keys.Lease("publisher")).Result()
		return n == 1, fmt.Sprint(err)
	})
	c.g.Redis.Kill()
	c.g.Client.Close()
	c.g.Redis = redistest.Start(t)
	c.g.Client = c.g.Redis.Client()
	o := c.g.Client.Options()
	address.Turn(o.Network, o.Addr)
	c.g.Once("tailer")
	c.g.Count(1)
	if status := publisher.Wait(30 * time.Second); status != 1 {
		t.Errorf("the publisher ended with status %d:\n%s", status, publisher.Log())
	}
	c.g.Feed().Compare(t, c.oracle)
}

func portOf(t *testing.T, addr string) string {
	t.Helper()
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	return port
}
