package e2e

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/glowmap/glow/e2e/harness"
	"github.com/glowmap/glow/e2e/oracle"
)

// calls are the system calls at which daemons are killed, all that have to do
// with files and connections, in groups: each is counted by itself.
var calls = []string{"%file", "write,writev,pwrite64,fsync,fdatasync,ftruncate,flock", "read,pread64,getdents64,epoll_pwait", "%network,close,epoll_ctl"}

// kill -9 at the n-th system call of a push, a count or a publication, for
// each n until it runs through; after each, all is run once more and compared.
// GLOW_E2E_SYSCALLS is the step between the n: 1 tries all of them.
func TestKilledAtSystemCalls(t *testing.T) {
	for _, name := range []string{"tailer", "geoworker", "publisher"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			step := harness.Size(t, "GLOW_E2E_SYSCALLS", 20)
			r := harness.Rand(t)
			p := newPieces(t, r)
			kills := map[string]int{}
			for _, group := range calls {
				for n := 1 + r.IntN(step); p.killAt(name, group, n); n += step {
					kills[group]++
				}
			}
			t.Logf("killed at system calls %v, %d lines", kills, p.oracle.Lines)
		})
	}
}

// pieces is a log that grows piece by piece, and what is to become of it.
type pieces struct {
	t      *testing.T
	r      *rand.Rand
	g      *harness.Glow
	oracle *oracle.Counter
	events []harness.Event
	log    []byte // the file as it is now
	old    int    // files rotated away
}

func newPieces(t *testing.T, r *rand.Rand) *pieces {
	g := harness.New(t, "--appendfsync", "always", "--hz", "200")
	g.Args["geoworker"] = []string{"--claim-after", "100ms"}
	p := &pieces{t: t, r: r, g: g}
	p.events = harness.Events(r, 20000, harness.Addresses(t, r, g.GeoIP, 500), day, 2*time.Hour)
	p.oracle = newOracle(t, oracle.Settings{GeoIP: g.GeoIP, Format: oracle.Format{Name: "glow"}}, nil)
	return p
}

// add writes some more lines; now and then into a new file.
func (p *pieces) add() {
	p.t.Helper()
	if p.old++; p.old%3 == 0 {
		if err := os.Rename(p.g.Log, fmt.Sprintf("%s.%d", p.g.Log, p.old)); err != nil {
			p.t.Fatal(err)
		}
		p.log = nil
	}
	var piece bytes.Buffer
	for range 20 {
		e := p.events[p.r.IntN(len(p.events))]
		piece.Write(append(e.Line(p.r, "glow"), '\n'))
	}
	piece.WriteString("no event\n")
	p.log = append(p.log, piece.Bytes()...)
	write(p.t, p.g.Log, p.log)
	if err := p.oracle.Read(&piece); err != nil {
		p.t.Fatal(err)
	}
}

// killAt runs a daemon that is killed at its n-th call of a group, then all
// daemons. It says whether there was such a call.
func (p *pieces) killAt(name, group string, n int) bool {
	p.t.Helper()
	p.add()
	for _, before := range []string{"tailer", "geoworker", "publisher"} {
		if before == name {
			break
		}
		p.g.Once(before)
	}
	inject := fmt.Sprintf("inject=%s:signal=SIGKILL:when=%d", group, n)
	killed := p.g.Traced(name, []string{"-o", os.DevNull, "-e", "trace=" + group, "-e", inject}, "--once")
	if status := killed.Wait(time.Minute); status > 0 {
		p.t.Fatalf("%s under strace: status %d\n%s", name, status, killed.Log())
	}
	p.g.All(1)
	p.g.Feed().Compare(p.t, p.oracle)
	compareDrops(p.t, p.g, p.oracle)
	if p.t.Failed() {
		p.t.Fatalf("after kill -9 of %s at call %d of %s", name, n, group)
	}
	return killed.Killed()
}
