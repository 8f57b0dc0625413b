package catalog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/glowmap/glow/archiver/archive"
)

// flaky is a source whose reads fail now and then.
type flaky struct {
	archive.Source
	mu sync.Mutex
	r  *rand.Rand
}

func (s *flaky) ReadAt(_ context.Context, name string, b []byte, _ int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.r.IntN(4) == 0 {
		return fmt.Errorf("%s: %w", name, archive.ErrNone) // which is not tried again
	}
	copy(b, bytes.Repeat([]byte("PAR1"), len(b)/4))
	return nil
}

// sound checks that what is reserved is what is there, and never too much.
func (c *Cache) sound(t *testing.T, at string) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	sum := int64(0)
	for name, e := range c.entries {
		sum += e.bytes
		if e.name != name || e.users < 0 || e.front < 0 || e.front > e.users || e.flight != nil {
			t.Fatalf("%s: %s is %+v", at, name, e)
		}
	}
	if sum != c.bytes || sum > c.most || c.flying != 0 || len(c.queue) != 0 {
		t.Fatalf("%s: %d bytes of %d, should be %d; %d flying, %d to begin", at, c.bytes, c.most, sum, c.flying, len(c.queue))
	}
	list, err := os.ReadDir(c.folder)
	if err != nil || len(list) != len(c.entries) {
		t.Fatalf("%s: %d files, %d entries, %v", at, len(list), len(c.entries), err)
	}
	for _, e := range list {
		if info, err := e.Info(); err != nil || c.entries[e.Name()] == nil || info.Size() != c.entries[e.Name()].bytes {
			t.Fatalf("%s: %s: %v", at, e.Name(), err)
		}
	}
}

// Whatever is asked for, given back, fails, is given up or is deleted by hand:
// the cache knows how many bytes it has, and never has more than it may.
func TestCacheIsSound(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { tryCache(t, rand.New(rand.NewPCG(seed, 1))) })
	}
}

func tryCache(t *testing.T, r *rand.Rand) {
	files := make([]archive.File, 12)
	for i := range files {
		files[i] = archive.File{Name: fmt.Sprint("v1/", i), Bytes: 4 * (1 + r.Int64N(300))}
	}
	source := &flaky{r: rand.New(rand.NewPCG(r.Uint64(), 2))}
	folder := t.TempDir()
	open := func() *Cache {
		c, err := OpenCache(folder, 3000)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	c := open()
	held := map[int]func(){}
	for step := range 120 {
		at := fmt.Sprint("step ", step)
		switch r.IntN(8) {
		case 0:
			for i, release := range held {
				release()
				delete(held, i)
				break
			}
		case 1: // by hand, or by a crash
			list, _ := filepath.Glob(filepath.Join(folder, "*"))
			if len(list) > 0 && len(held) == 0 {
				c.close()
				_ = os.Truncate(list[r.IntN(len(list))], 1)
				_ = os.WriteFile(filepath.Join(folder, "new-7"), nil, 0o600)
				c = open()
			}
		case 2:
			if len(held) == 0 { // who gives up: all that it asked for comes, or fails
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				_, release, err := c.hold(ctx, source, some(r, files))
				if err == nil {
					release()
				}
			}
		default:
			ctx, cancel := context.WithCancel(context.WithValue(t.Context(), behindKey{}, map[bool]any{true: true}[r.IntN(2) == 0]))
			if len(held) > 0 {
				cancel() // else it would wait for room for ever
			}
			want := some(r, files)
			paths, release, err := c.hold(ctx, source, want)
			cancel()
			if err != nil {
				break
			}
			held[step] = release
			for i, p := range paths {
				if info, err := os.Stat(p); err != nil || info.Size() != want[i].Bytes {
					t.Fatalf("%s: %v", at, err)
				}
			}
		}
		c.land()
		c.sound(t, at)
	}
	for _, release := range held {
		release()
	}
	if _, _, err := c.hold(t.Context(), source, []archive.File{{Name: "v1/large", Bytes: 3001}}); !errors.Is(err, ErrFull) {
		t.Error(err)
	}
	c.close()
	c.sound(t, "the end")
}

func some(r *rand.Rand, files []archive.File) (list []archive.File) {
	for range 1 + r.IntN(4) {
		list = append(list, files[r.IntN(len(files))])
	}
	return list
}

// land waits until nothing is on its way.
func (c *Cache) land() {
	for {
		c.mu.Lock()
		wait, flying := c.changed, c.flying
		c.mu.Unlock()
		if flying == 0 {
			return
		}
		<-wait
	}
}
