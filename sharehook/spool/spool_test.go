package spool

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sys/unix"
)

func options() Options {
	return Options{Max: 64 << 20, SegmentBytes: 1 << 20, SegmentAge: time.Hour, Log: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry()}
}

func mustOpen(t testing.TB, dir string, o Options, d disk) *Spool {
	t.Helper()
	s, err := open(dir, o, d)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func mustAppend(t testing.TB, s *Spool, line string) {
	t.Helper()
	if err := s.Append([]byte(line)); err != nil {
		t.Fatalf("append %q: %v", line, err)
	}
}

// contents is all that the spool's files hold, oldest first.
func contents(t testing.TB, dir string) (all string, files int) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, Pattern))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		all += string(b)
	}
	return all, len(names)
}

func TestManyAtOnceShareCommits(t *testing.T) {
	dir := t.TempDir()
	slow := &fakeDisk{delay: 2 * time.Millisecond}
	s := mustOpen(t, dir, options(), slow)
	const clients, each = 50, 20
	var wg sync.WaitGroup
	for c := range clients {
		wg.Go(func() {
			for i := range each {
				line := fmt.Sprintf("%d-%d", c, i)
				if err := s.Append([]byte(line)); err != nil {
					t.Error(err)
				}
				if i == 0 { // it is there as soon as Append returns
					if all, _ := contents(t, dir); !strings.Contains("\n"+all, "\n"+line+"\n") {
						t.Errorf("%s is not on disk", line)
					}
				}
			}
		})
	}
	wg.Wait()
	all, _ := contents(t, dir)
	lines := strings.Split(strings.TrimSuffix(all, "\n"), "\n")
	slices.Sort(lines)
	if n := len(slices.Compact(lines)); n != clients*each || len(lines) != n {
		t.Errorf("%d lines, %d distinct; want %d", len(lines), n, clients*each)
	}
	if n := slow.syncs.Load(); n > clients*each/5 {
		t.Errorf("%d syncs for %d lines of %d clients", n, clients*each, clients)
	}
}

func TestSegmentsEndBySize(t *testing.T) {
	dir, o := t.TempDir(), options()
	o.SegmentBytes = 100
	s := mustOpen(t, dir, o, realDisk{})
	for range 25 {
		mustAppend(t, s, "nineteen bytes long")
	}
	segs := s.Segments()
	if all, files := contents(t, dir); files != 5 || len(segs) != 4 || len(all) != 500 {
		t.Fatalf("%d files, %d sealed, %d bytes", files, len(segs), len(all))
	}
	if segs[0].Size != 100 || s.Synced(segs[0].Path) != 100 || s.Bytes() != 500 {
		t.Errorf("%+v, %d synced, %d in all", segs[0], s.Synced(segs[0].Path), s.Bytes())
	}
	var st unix.Stat_t
	if err := unix.Stat(segs[0].Path, &st); err != nil || st.Blocks*512 > 4096 {
		t.Errorf("a sealed segment takes %d bytes, %v", st.Blocks*512, err)
	}
	if err := s.Remove(segs[1]); err != nil || len(s.Segments()) != 3 || s.Synced(segs[1].Path) != 0 {
		t.Errorf("after Remove: %v, %v", err, s.Segments())
	}
}

func TestSegmentsEndByAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := mustOpen(t, t.TempDir(), options(), realDisk{})
		mustAppend(t, s, "a")
		time.Sleep(59 * time.Minute)
		if n := len(s.Segments()); n != 0 {
			t.Errorf("%d sealed early", n)
		}
		time.Sleep(2 * time.Minute)
		if n := len(s.Segments()); n != 1 {
			t.Errorf("%d sealed", n)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestOldSegmentsAreNeverAppendedTo(t *testing.T) {
	dir := t.TempDir()
	for i := range 3 {
		s := mustOpen(t, dir, options(), realDisk{})
		mustAppend(t, s, fmt.Sprint(i))
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if err := s.Append([]byte("late")); !errors.Is(err, ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	}
	if all, files := contents(t, dir); all != "0\n1\n2\n" || files != 3 {
		t.Errorf("%d files with %q", files, all)
	}
}

// Numbers grow though the clock goes back.
func TestClockStep(t *testing.T) {
	dir := t.TempDir()
	future := filepath.Join(dir, name(time.Now().Add(24*time.Hour).UnixMilli()))
	if err := os.WriteFile(future, []byte("old\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := mustOpen(t, dir, options(), realDisk{})
	mustAppend(t, s, "new")
	if all, _ := contents(t, dir); all != "old\nnew\n" {
		t.Errorf("%q", all)
	}
}

func TestOneProcessAlone(t *testing.T) {
	dir := t.TempDir()
	s := mustOpen(t, dir, options(), realDisk{})
	if _, err := Open(dir, options()); err == nil || !strings.Contains(err.Error(), "another sharehook") {
		t.Errorf("opened twice: %v", err)
	}
	s.Close()
	mustOpen(t, dir, options(), realDisk{})
}

func TestFull(t *testing.T) {
	dir, o := t.TempDir(), options()
	o.SegmentBytes, o.Max = 100, 250
	s := mustOpen(t, dir, o, realDisk{})
	for range 10 {
		mustAppend(t, s, "nineteen bytes long")
	}
	if !s.Crowded() {
		t.Error("not crowded though the next segment does not fit")
	}
	if err := s.Append([]byte("one too many")); !errors.Is(err, ErrFull) {
		t.Fatalf("full: %v", err)
	}
	if err := s.Remove(s.Segments()[0]); err != nil {
		t.Fatal(err)
	}
	mustAppend(t, s, "room again")
}

// A crash tears the last line anywhere; whole lines stay, and only they.
func TestTornTail(t *testing.T) {
	const text = "203.0.113.7 1395100800 share:twitter\n2001:db8::7 1395100801 share:twitter_two\n"
	for n := range len(text) + 1 {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, name(5)), []byte(text[:n]), 0o600); err != nil {
			t.Fatal(err)
		}
		s := mustOpen(t, dir, options(), realDisk{})
		want := text[:strings.LastIndexByte(text[:n], '\n')+1]
		if all, _ := contents(t, dir); all != want {
			t.Fatalf("cut at %d: %q, want %q", n, all, want)
		}
		mustAppend(t, s, "next")
		if all, _ := contents(t, dir); all != want+"next\n" {
			t.Fatalf("cut at %d, then a line: %q", n, all)
		}
		s.Close()
	}
}

// A restart does not make segments younger, nor does it leave them their reserve.
func TestRestartKeepsTheAge(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, name(5))
	f, err := realDisk{}.create(path, 8<<20)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte("a line\nhalf a li")); err != nil {
		t.Fatal(err)
	}
	f.Close()
	then := time.Now().Add(-50 * time.Hour).Truncate(time.Second)
	if err := os.Chtimes(path, then, then); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		s := mustOpen(t, dir, options(), realDisk{})
		if segs := s.Segments(); len(segs) != 1 || !segs[0].Changed.Equal(then) {
			t.Errorf("%+v, want it of %v", segs, then)
		}
		s.Close()
	}
	var st unix.Stat_t
	if err := unix.Stat(path, &st); err != nil || st.Blocks*512 > 1<<20 || st.Size != 7 {
		t.Errorf("%d bytes take %d, %v", st.Size, st.Blocks*512, err)
	}
}

func TestStrangeFilesAreLeftAlone(t *testing.T) {
	dir := t.TempDir()
	for _, n := range []string{"shares-1.log", "shares-x.log", "notes", "shares-000000000000001.log.gz"} {
		if err := os.WriteFile(filepath.Join(dir, n), []byte("half a line"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s := mustOpen(t, dir, options(), realDisk{})
	if n := len(s.Segments()); n != 0 {
		t.Errorf("%d segments", n)
	}
	if b, _ := os.ReadFile(filepath.Join(dir, "notes")); string(b) != "half a line" {
		t.Errorf("notes: %q", b)
	}
}

func TestDirectoriesAreNoSegments(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, name(5)), []byte("x\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, name(6)), 0o700); err != nil { // no regular file: not ours
		t.Fatal(err)
	}
	s := mustOpen(t, dir, options(), realDisk{})
	if n := len(s.Segments()); n != 1 {
		t.Errorf("%d segments", n)
	}
}

// Whoever only looks sees the segments, and disturbs nobody.
func TestLook(t *testing.T) {
	dir := t.TempDir()
	s := mustOpen(t, dir, options(), realDisk{})
	mustAppend(t, s, "a share")
	if v, err := Look(dir); err != nil || v != (Survey{Segments: 1, Bytes: 8}) {
		t.Errorf("%+v, %v", v, err)
	}
	mustAppend(t, s, "another")
}
