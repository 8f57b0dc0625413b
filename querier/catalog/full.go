package catalog

import (
	"errors"
	"fmt"
	"strconv"
)

// ErrFull says that the files of a question take more than the whole cache. It
// is a [*Full].
var ErrFull = errors.New("the files of this question take more room than the querier's cache has")

// Full says how much a cache lacks.
type Full struct {
	Files int   // that are needed at once
	Bytes int64 // of them
	Most  int64 // that the cache may have
}

// Error names the setting that helps.
func (f *Full) Error() string {
	files := "one file takes"
	if f.Files != 1 {
		files = fmt.Sprintf("%d files take", f.Files)
	}
	return fmt.Sprintf("%s %s and the cache has %s: set --cache-size (GLOW_CACHE_SIZE) to %s or more", files, size(f.Bytes), size(f.Most), f.Enough())
}

// Enough is the least --cache-size with which it would have done.
func (f *Full) Enough() string { return size(f.Bytes) }

// Is is for [errors.Is].
func (f *Full) Is(target error) bool { return target == ErrFull }

// size writes bytes as flags take them, rounded up to two digits at least.
func size(n int64) string {
	unit, shift := "K", 10
	for _, u := range []string{"M", "G", "T"} {
		if n>>shift < 10<<10 {
			break
		}
		unit, shift = u, shift+10
	}
	return strconv.FormatInt((n+1<<shift-1)>>shift, 10) + unit
}
