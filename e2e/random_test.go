package e2e

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/glowmap/glow/e2e/harness"
	"github.com/glowmap/glow/e2e/oracle"
)

// day is when the generated logs begin.
var day = time.Date(2026, 3, 24, 22, 17, 0, 0, time.UTC)

// Any log, in any order, in pieces or at once, through any number of workers,
// to a folder or to S3: every object is the oracle's.
func TestRandomLogs(t *testing.T) {
	lines := harness.Size(t, "GLOW_E2E_LINES", 8000)
	for i, c := range []struct {
		format   string
		workers  int
		shuffled bool
		pieces   int
		s3       bool
	}{
		{"glow", 1, false, 1, false},
		{"glow", 4, true, 3, true},
		{"combined", 4, false, 2, false},
		{"combined", 1, true, 1, true},
		{"json", 4, true, 1, false},
		{"json", 1, false, 3, true},
		{"regexp", 4, true, 2, false},
		{"regexp", 1, false, 1, true},
	} {
		name := fmt.Sprintf("%s-%dworkers-shuffled_%v-%dpieces-s3_%v", c.format, c.workers, c.shuffled, c.pieces, c.s3)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := harness.Rand(t)
			g := harness.New(t)
			read := g.Feed
			if c.s3 {
				read, _ = toS3(t, g)
			}
			settings := use(g, c.format)
			if i == 0 {
				settings.GeoIP = harness.Testdata("GeoIP2-City-Test.mmdb")
				g.GeoIP = settings.GeoIP
			}
			log := randomLog(t, r, g, c.format, lines)
			if c.shuffled {
				r.Shuffle(len(log), func(i, j int) { log[i], log[j] = log[j], log[i] })
			}
			o := newOracle(t, settings, text(log))
			feedPieces(t, g, log, c.pieces, c.workers)
			read().Compare(t, o)
			compareDrops(t, g, o)
		})
	}
}

// use sets a system up for a format, and says how the oracle reads it.
func use(g *harness.Glow, format string) oracle.Settings {
	s := oracle.Settings{GeoIP: g.GeoIP, Format: oracle.Format{Name: format}, Now: time.Now()}
	g.Format = format
	switch format {
	case "regexp":
		g.Format = ""
		g.Args["tailer"] = []string{"--regexp", harness.OwnRegexp, "--time-layout", harness.OwnLayout}
		s.Format.Regexp, s.Format.Layout = regexp.MustCompile(harness.OwnRegexp), harness.OwnLayout
	case "combined":
		g.Args["tailer"] = []string{"--type", "share:site", "--match", `^GET /download/[0-7]\?`, "--status", "200,206"}
		s.Format.Type, s.Format.Status = "share:site", []string{"200", "206"}
		s.Format.Match = regexp.MustCompile(`^GET /download/[0-7]\?`)
	}
	return s
}

// randomLog makes lines of all types and addresses, over 7 hours, and a few
// that are no events.
func randomLog(t *testing.T, r *rand.Rand, g *harness.Glow, format string, lines int) (log [][]byte) {
	t.Helper()
	addrs := harness.Addresses(t, r, g.GeoIP, 3000)
	for _, e := range harness.Events(r, lines, addrs, day, 7*time.Hour) {
		switch r.IntN(500) {
		case 0:
			e.Time = time.Date(2150+r.IntN(7000), 1, 1, 0, 0, 0, 0, time.UTC) // in the far future
		case 1:
			e.Time = time.Date(1970, 1, 1, 0, 0, r.IntN(90), 0, time.UTC)
		case 2:
			log = append(log, nil)
			continue
		case 3:
			log = append(log, []byte("no event at all"))
			continue
		}
		log = append(log, e.Line(r, format))
	}
	return log
}

// feedPieces appends the log piece by piece and runs everything after each.
func feedPieces(t *testing.T, g *harness.Glow, log [][]byte, pieces, workers int) {
	t.Helper()
	f, err := os.Create(g.Log)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for part := range slices.Chunk(log, (len(log)+pieces-1)/pieces) {
		if _, err := f.Write(text(part)); err != nil {
			t.Fatal(err)
		}
		g.All(workers)
	}
}

// text is the lines as they stand in a file.
func text(lines [][]byte) []byte { return append(bytes.Join(lines, []byte("\n")), '\n') }

// compareDrops says that each line is counted or dropped, and why, as the
// oracle does.
func compareDrops(t *testing.T, g *harness.Glow, o *oracle.Counter) {
	t.Helper()
	s, err := g.State()
	if err != nil {
		t.Fatal(err)
	}
	lines, events, drops := o.Summary()
	if s.Counted != events || s.Dropped() != drops || s.Counted+s.Dropped() != lines || s.Queued+s.Dirty != 0 {
		t.Errorf("%v; want %d lines = %d events + %d drops", s, lines, events, drops)
	}
	for reason := range s.Drops {
		if s.Drops[reason] != o.Drops[reason] {
			t.Errorf("drops for %s: %d, want %d", reason, s.Drops[reason], o.Drops[reason])
		}
	}
}
