package e2e

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/glowmap/glow/e2e/harness"
	"github.com/glowmap/glow/e2e/oracle"
)

// Garbage of all kinds among good lines: every good one is counted, every bad
// one dropped under a reason, nobody dies and memory stays flat.
func TestGarbage(t *testing.T) {
	t.Parallel()
	n := harness.Size(t, "GLOW_E2E_GARBAGE", 50000)
	r := harness.Rand(t)
	g := harness.New(t)
	g.GeoIP = harness.Testdata("GeoIP2-City-Test.mmdb")
	var log [][]byte
	for _, e := range harness.Events(r, n, harness.Addresses(t, r, g.GeoIP, 2000), day, 5*time.Hour) {
		log = append(log, e.Line(r, "glow"), garbage(r))
	}
	r.Shuffle(len(log), func(i, j int) { log[i], log[j] = log[j], log[i] })
	write(t, g.Log, text(log))
	daemons := []*harness.Process{g.Start("tailer"), g.Start("geoworker")}
	g.WaitCounted(2*n, 5*time.Minute)
	for _, p := range daemons {
		if most := int64(memory(p.Name)) << 20; p.PeakMemory() > most {
			t.Errorf("%s had up to %d MB, want at most %d", p.Name, p.PeakMemory()>>20, most>>20)
		}
		t.Logf("%s had up to %d MB", p.Name, p.PeakMemory()>>20)
		p.Stop()
	}
	g.Once("publisher")
	o := newOracle(t, oracle.Settings{GeoIP: g.GeoIP, Format: oracle.Format{Name: "glow"}, Now: time.Now()}, text(log))
	if _, events, drops := o.Summary(); events != n || drops != n {
		t.Fatalf("the log has %d events and %d bad lines, want %d of each", events, drops, n)
	}
	g.Feed().Compare(t, o)
	compareDrops(t, g, o)
	t.Log(g.State())
}

// memory is the most that a daemon may need, in MB; the race detector needs
// many times that of what it watches.
func memory(daemon string) int {
	most := map[string]int{"tailer": 64, "geoworker": 200}[daemon]
	if harness.Race {
		most *= 6
	}
	return most
}

// garbage is one line that is no event, nor ever two.
func garbage(r *rand.Rand) []byte {
	switch r.IntN(12) {
	case 0:
		return bytes.Repeat([]byte{"aA \xff"[r.IntN(4)]}, 1+r.IntN(3000))
	case 1:
		if r.IntN(200) == 0 { // rare, or the log grows beyond reason
			return bytes.Repeat([]byte("1.2.3.4 1774360805 "), 1<<20/19+r.IntN(1000))
		}
		return nil
	case 2:
		return fmt.Appendf(nil, "1.2.3.4 %d download\x00", day.Unix())
	case 3:
		return fmt.Appendf(nil, "%d\x00\x00\x00.2.3.4 %d", r.IntN(256), day.Unix())
	case 4:
		return fmt.Appendf(nil, "1.2.3.%d %d download", 256+r.IntN(1000), day.Unix())
	case 5:
		return fmt.Appendf(nil, "%s %d", []string{"2001:db8::g", "fe80::1%eth0", "1.2.3", "01.2.3.4", ":::", "[::1]", "1.2.3.4:80"}[r.IntN(7)], day.Unix())
	case 6:
		return fmt.Appendf(nil, "1.2.3.4 0000-01-01T00:%02d:00Z", r.IntN(60))
	case 7:
		return fmt.Appendf(nil, "1.2.3.4 9999-12-31T23:%02d:00Z", r.IntN(60)) // a time, but far ahead
	case 8:
		return fmt.Appendf(nil, "1.2.3.4 %s", []string{"-1", "1e9", "", "soon", "99999999999999999999", "0x5", "253402300800"}[r.IntN(7)])
	case 9:
		return fmt.Appendf(nil, "1.2.3.4 %d %s", day.Unix(), []string{"Download", "dl!", "-x", "ü", "abcdefghijklmnopqrstuvwxyz0123456", "\xc3"}[r.IntN(6)])
	case 10:
		return fmt.Appendf(nil, "1.2.3.4 %d download %s", day.Unix(), []string{"=", "a", "A=b", "a=b c=d", "a=\x7f", "a=\xff"}[r.IntN(6)])
	default:
		return noise(r)
	}
}

// noise is any bytes but a newline, and so also half characters.
func noise(r *rand.Rand) []byte {
	b := make([]byte, r.IntN(200))
	for i := range b {
		if b[i] = byte(r.IntN(256)); b[i] == '\n' {
			b[i] = '\r'
		}
	}
	return b
}
