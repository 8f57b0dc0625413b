package spool

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// Whatever a crash left in a segment, its whole lines stay as they are, and
// nothing else does.
func FuzzRepair(f *testing.F) {
	f.Add([]byte("a\nb"))
	f.Add([]byte("203.0.113.7 1395100800 share:twitter\n\x00\x00"))
	f.Add(append(bytes.Repeat([]byte("x"), 5000), '\n', 'y'))
	path := filepath.Join(f.TempDir(), name(1))
	f.Fuzz(func(t *testing.T, b []byte) {
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		seg, err := repair(path)
		if err != nil {
			t.Fatal(err)
		}
		whole := b[:bytes.LastIndexByte(b, '\n')+1]
		left, err := os.ReadFile(path)
		if len(whole) == 0 && errors.Is(err, os.ErrNotExist) {
			return
		}
		if err != nil || !bytes.Equal(left, whole) || seg.Size != int64(len(whole)) {
			t.Fatalf("%q became %q, %d bytes, %v", b, left, seg.Size, err)
		}
	})
}

// A name is that of one segment, and sorts by its number.
func FuzzName(f *testing.F) {
	f.Add("shares-001774360850123.log", int64(1))
	f.Add("shares-+00000000000001.log", int64(999_999_999_999_999))
	f.Fuzz(func(t *testing.T, s string, n int64) {
		if n, ok := parseName(s); ok && (name(n) != s || n <= 0) {
			t.Fatalf("%q is segment %d, which is %q", s, n, name(n))
		}
		if n <= 0 || n >= 1e15 { // a clock in the year 33658
			return
		}
		if again, ok := parseName(name(n)); !ok || again != n || n < 1e15-1 && name(n) >= name(n+1) {
			t.Fatalf("%q: %d, %v; before %q", name(n), again, ok, name(n+1))
		}
	})
}

// BenchmarkAppend is the rate of acknowledgements by number of clients, given per core.
func BenchmarkAppend(b *testing.B) {
	line := []byte("203.0.113.7 1395100800 share:twitter")
	for _, clients := range []int{1, 32, 500} {
		b.Run(fmt.Sprintf("clients_per_core=%d", clients), func(b *testing.B) {
			s := mustOpen(b, b.TempDir(), options(), realDisk{})
			b.SetParallelism(clients) // times GOMAXPROCS
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					if err := s.Append(line); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}
