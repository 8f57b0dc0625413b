// Package torn cuts Redis's append-only file of a real run at its bytes, as a
// power cut does, restarts Redis twice, lets the work be finished, and compares
// what would be published with the oracle.
//
// So that thousands of cuts are affordable, the daemons' own steps run in this
// process (the tailer's intake, geoworker's merge and step, the publisher's
// reading and cleaning), against a real redis-server. GLOW_E2E_CUTS says how
// many cuts each counter-measure gets, spread evenly (as many as there are bytes:
// all of them, in about three hours on two cores); GLOW_E2E_CUT_LAST, that each of
// the last so many bytes is one besides.
package torn

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/glowmap/glow/e2e/harness"
)

// least is how many transactions the file must hold that is cut.
const least = 200

// TestMain keeps Redis's files in memory where it can: no power is cut here but
// by the tests, and a restart gate would wait for the disk at each.
func TestMain(m *testing.M) {
	if dir, err := os.MkdirTemp("/dev/shm", "glow-torn-"); err == nil {
		_ = os.Setenv("TMPDIR", dir)
		defer os.RemoveAll(dir)
	}
	m.Run()
}

// measure is a counter-measure against Redis's half transactions.
type measure struct {
	name  string
	fix   bool // redis-check-aof before each start, and no loading of torn files: the systemd drop-in
	known bool // the gate is made to believe that it was passed
}

// A torn file never makes a wrong count, whatever byte it ends at: with the
// systemd drop-in alone, and with the restart gate alone.
func TestCutAnywhere(t *testing.T) {
	run := record(t)
	for _, m := range []measure{{"drop-in alone", true, true}, {"gate alone", false, false}} {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			if wrong := run.cutAll(t, m, run.cuts(t)); wrong > 0 {
				t.Errorf("%d cuts end in wrong counts", wrong)
			}
		})
	}
	t.Run("neither", func(t *testing.T) {
		t.Parallel()
		run.control(t)
	})
}

// control shows that this test would notice: with neither counter-measure
// Redis 7.0 counts twice after a cut inside a transaction's last commands.
func (r *recording) control(t *testing.T) {
	end := bytes.LastIndex(r.aof[:r.lastCount], []byte("*1\r\n$4\r\nEXEC"))
	wrong := r.cutAll(t, measure{"neither", false, true}, []int{end - 8, end - 100})
	version, err := exec.Command("redis-server", "--version").Output()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(version), "v=7.0.") && wrong == 0 {
		t.Errorf("%s counts right without any counter-measure: does this test see anything?", version)
	}
}

// cuts are the lengths to cut the file to.
func (r *recording) cuts(t *testing.T) (cuts []int) {
	last := min(harness.Size(t, "GLOW_E2E_CUT_LAST", 1), len(r.aof))
	for at := len(r.aof) - last; at < len(r.aof); at++ {
		cuts = append(cuts, at)
	}
	rest := len(r.aof) - last
	step := max(float64(rest)/float64(harness.Size(t, "GLOW_E2E_CUTS", 60)), 1)
	for at := harness.Rand(t).Float64() * step; at < float64(rest); at += step {
		cuts = append(cuts, int(at))
	}
	return cuts
}

// cutAll tries cuts, and returns how many of them went wrong.
func (r *recording) cutAll(t *testing.T, m measure, cuts []int) int {
	s := r.system(t)
	wrong, torn := 0, 0
	for _, n := range cuts {
		if inside(r.aof[:n]) {
			torn++
		}
		err := s.survive(r, m, n)
		if err == nil {
			continue
		}
		if wrong++; wrong <= 3 && m.name != "neither" {
			t.Errorf("cut to %d of %d bytes, %s: %v", n, len(r.aof), quote(r.aof[:n]), err)
		}
	}
	t.Logf("%d cuts of %d bytes with %d transactions, %d of them inside a transaction: %d wrong",
		len(cuts), len(r.aof), r.transactions, torn, wrong)
	return wrong
}

// quote is the end of what was left.
func quote(b []byte) string { return strconv.Quote(string(b[max(0, len(b)-40):])) }

// inside says whether b ends within a transaction.
func inside(b []byte) bool {
	return bytes.LastIndex(b, []byte("$5\r\nMULTI\r\n")) > bytes.LastIndex(b, []byte("$4\r\nEXEC\r\n"))
}

// survive lets Redis start from a file cut to n bytes, work, be killed, start
// again and finish.
func (s *system) survive(r *recording, m measure, n int) error {
	s.redis.Kill()
	s.redis.Fix = m.fix
	if err := r.restore(s.redis.Dir(), n); err != nil {
		return err
	}
	s.store = r.storeAt(n)
	for round := range 2 {
		s.redis.Start()
		if m.known {
			s.pretend()
		}
		if err := s.work(round == 1); err != nil {
			return err
		}
		s.redis.Kill()
	}
	return r.compare(s)
}

// restore makes dir hold the recorded files, the last of them cut to n bytes.
func (r *recording) restore(dir string, n int) error {
	dir = filepath.Join(dir, "appendonlydir")
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	for name, b := range r.files {
		if name == r.last {
			b = b[:n]
		}
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
			return err
		}
	}
	return nil
}
