package e2e

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/glowmap/glow/e2e/harness"
)

// No address of the log stands in what is published, in Redis but for the
// queue, in any daemon's log or in the metrics, though the log does its best.
func TestNoAddressLeaves(t *testing.T) {
	t.Parallel()
	r := harness.Rand(t)
	g := harness.New(t)
	for _, name := range []string{"tailer", "geoworker", "publisher"} {
		g.Args[name] = []string{"--log-level", "debug", harness.Admin}
	}
	addrs := publicOnly(harness.Addresses(t, r, g.GeoIP, 2000))
	var log [][]byte
	for i, e := range harness.Events(r, 5000, addrs, time.Now().Add(-time.Hour), time.Hour) {
		a := e.Addr.String()
		log = append(log, e.Line(r, "glow"), fmt.Appendf(nil, []string{
			"%s", "%s soon", "x %s", "%s 5 BAD", "\x00%s", "%s 253402300799 a", "[%s]:80 5", "%s 5 a a=%[1]s b",
			"ip=%s", "::ffff:%s 5 BAD", "%s\xff", "%sx 5", "x%s 5 a", "%s,%[1]s", `"%s" 1`, "a:%s:b",
		}[i%16], a))
	}
	write(t, g.Log, text(log))
	running := []*harness.Process{g.Start("tailer"), g.Start("geoworker"), g.Start("publisher")}
	g.WaitCounted(len(log), 2*time.Minute)
	texts := harness.Texts{}
	for _, p := range running {
		texts["metrics of "+p.Name] = p.Metrics()
		p.Stop()
	}
	g.Once("publisher")
	for path, b := range g.Feed() {
		texts[path] = string(b)
	}
	texts.AddDaemonLogs(g)
	texts.AddRedis(g)
	for i, leak := range texts.Leaks(addrs) {
		if i < 10 {
			t.Error(leak)
		}
	}
	if s, _ := g.State(); s.Dropped() < 1000 {
		t.Errorf("%v: too few drops for samples of them", s)
	}
}

// publicOnly leaves out what Redis, sockets and servers say of this machine.
func publicOnly(addrs []netip.Addr) (list []netip.Addr) {
	for _, a := range addrs {
		if a.IsGlobalUnicast() && !a.IsPrivate() {
			list = append(list, a)
		}
	}
	return list
}
