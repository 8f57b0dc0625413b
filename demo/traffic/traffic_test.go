package traffic

import (
	"bytes"
	"context"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/glowmap/glow/demo/places"
	"github.com/glowmap/glow/internal/event"
)

func newTraffic(t *testing.T, format string) (*Traffic, string) {
	t.Helper()
	world, err := places.Load()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "log")
	log, err := OpenLog(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { log.Close() })
	return &Traffic{
		Crowd: places.NewCrowd(world), Day: Day{Rate: 200, Length: time.Minute, Start: 12},
		Rand: rand.New(rand.NewPCG(7, 0)), Log: log, Format: format, Say: func(string, ...any) {},
	}, path
}

// read reads all that was written, whatever it is called by now.
func read(t *testing.T, path string) []byte {
	t.Helper()
	files, _ := filepath.Glob(path + "*")
	var all []byte
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, b...)
	}
	return all
}

// A minute of traffic: as many lines as it says, through every kind of
// rotation; nearly all are events of the moment; the same seed writes the same.
func TestRun(t *testing.T) {
	var texts [2][]byte
	for i := range texts {
		synctest.Test(t, func(t *testing.T) {
			tr, path := newTraffic(t, "glow")
			tr.Rotate = 7 * time.Second
			start := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			if err := tr.Run(ctx); err != nil {
				t.Fatal(err)
			}
			texts[i] = read(t, path)
			checkLines(t, texts[i], tr.Lines(), start)
			if old, _ := filepath.Glob(path + ".*"); len(old) != 8 {
				t.Errorf("rotated logs: %v", old)
			}
		})
	}
	if !bytes.Equal(texts[0], texts[1]) {
		t.Error("the same seed wrote two different logs")
	}
}

func checkLines(t *testing.T, text []byte, want int64, start time.Time) {
	t.Helper()
	lines, bad, shares, six := int64(0), 0, 0, 0
	for line := range bytes.Lines(text) {
		lines++
		e, err := event.Parse(bytes.TrimSuffix(line, []byte("\n")))
		if err != nil {
			bad++
			continue
		}
		if at := time.Unix(e.Time, 0); at.Before(start.Truncate(time.Second)) || at.Sub(start) > time.Minute {
			t.Fatalf("an event of %v, a minute from %v on", at, start)
		}
		if bytes.HasPrefix(e.Type, []byte("share:")) {
			shares++
		}
		if e.Addr.Is6() {
			six++
		}
	}
	if lines != want || lines < 8000 || lines > 25000 {
		t.Errorf("%d lines, said %d, expected about 12,000", lines, want)
	}
	if bad == 0 || bad > 30 || shares < 50 || shares > 400 || six == 0 {
		t.Errorf("%d bad lines, %d shares, %d IPv6", bad, shares, six)
	}
}

func TestHistory(t *testing.T) {
	tr, path := newTraffic(t, "glow")
	tr.Share = func(netip.Addr, string) { t.Error("a share of the past is posted now") }
	share := tr.Share
	tr.Share = nil
	now := time.Unix(1395100800, 0)
	if err := tr.History(now, 10*time.Minute); err != nil {
		t.Fatal(err)
	}
	tr.Share = share
	perMinute := map[int64]int{}
	for line := range bytes.Lines(read(t, path)) {
		if e, err := event.Parse(bytes.TrimSuffix(line, []byte("\n"))); err == nil {
			perMinute[(e.Time-now.Unix()+600)/60]++
		}
	}
	if len(perMinute) < 8 || perMinute[9] < 2*perMinute[5] || perMinute[9] > 200*60*11/10 {
		t.Errorf("events by minute: %v", perMinute)
	}
}

func TestCombined(t *testing.T) {
	tr, path := newTraffic(t, "combined")
	if err := tr.History(time.Unix(1395100800, 0), time.Minute); err != nil {
		t.Fatal(err)
	}
	text := string(read(t, path))
	if strings.Contains(text, "share:") || !strings.Contains(text, `- - [17/Mar/2014:23:59:`) || !strings.Contains(text, `HTTP/1.1" 200 `) {
		t.Errorf("%.400s", text)
	}
}

// The rate has the day's curve and bursts, and its mean is the rate.
func TestDay(t *testing.T) {
	d := Day{Rate: 100, Length: 10 * time.Minute, Start: 0}
	r := rand.New(rand.NewPCG(1, 1))
	sum, least, most, n := 0.0, 1e9, 0.0, 0
	for at := time.Duration(0); at < 30*time.Minute; at += time.Second {
		rate := d.At(at, r)
		sum, least, most, n = sum+rate, min(least, rate), max(most, rate), n+1
	}
	if mean := sum / float64(n); mean < 90 || mean > 130 || least > 70 || least < 50 || most < 150 {
		t.Errorf("mean %.0f, least %.0f, most %.0f", mean, least, most)
	}
}

func TestEvents(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, mean := range []float64{0, 0.3, 20, 500} {
		sum := 0
		for range 2000 {
			sum += events(mean, r)
		}
		if got := float64(sum) / 2000; got < mean*0.9 || got > mean*1.1 {
			t.Errorf("mean of %v is %v", mean, got)
		}
	}
}
