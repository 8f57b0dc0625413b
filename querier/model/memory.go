package model

import (
	"errors"
	"fmt"
	"slices"
)

// limits are how much memory models may take, in bytes, beside what the engine
// takes. They are no flags: a statistic that wants more is not one to be shown
// row by row, and what is too large says so, and what would help.
type limits struct {
	model int64 // one of them: what it has added up, and its rows
	all   int64 // all of them
	kept  int64 // versions of the rows that others followed, and their orders
}

var usualLimits = limits{model: 256 << 20, all: 512 << 20, kept: 64 << 20}

// ErrLarge says that a model wants more memory than it may have.
var ErrLarge = errors.New("too large")

// room notes what a model takes, and says whether it may. A quarter of what all
// may take is for those to grow that have rows already.
func (s *Store) room(e *entry, bytes int64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	e.bytes = bytes
	all := int64(0)
	for _, other := range s.models {
		all += other.bytes
	}
	most := s.limits.all
	if e.now() == nil {
		most -= most / 4
	}
	switch {
	case bytes > s.limits.model:
		return fmt.Errorf("its rows and what they are computed from are %w, more than %d MiB: take a longer every, fewer days or fewer columns in by, or narrow where", ErrLarge, s.limits.model>>20)
	case all > most:
		return fmt.Errorf("all models together are %w, more than %d MiB: take others away, or make this one smaller", ErrLarge, most>>20)
	}
	return nil
}

// trim drops versions that others followed, the oldest of all models first,
// until what is kept of them fits; then orders of rows, but for one. The newest
// version of a model stays. The lock is held.
//
// Old versions share the blocks of days that did not change, so that dropping
// the oldest of a model frees what its successor does not have. Adding up takes
// O(versions), a drop O(models).
func (s *Store) trim(used *sorts) {
	for s.kept() > s.limits.kept {
		if e := s.oldest(); e != nil {
			e.versions = slices.Delete(e.versions, 0, 1)
			continue
		}
		for _, e := range s.models {
			if v := e.now(); v != nil && v.sorts != used {
				v.sorts.clear()
			}
		}
		return
	}
}

// kept is what old versions have for themselves, and all orders.
func (s *Store) kept() (bytes int64) {
	for _, e := range s.models {
		for _, v := range e.versions {
			bytes += v.own + v.sorts.bytes()
		}
	}
	return bytes
}

// oldest is the model with the oldest version of all that others followed.
func (s *Store) oldest() (found *entry) {
	for _, e := range s.models {
		if len(e.versions) > 1 && (found == nil || e.versions[0].old.Before(found.versions[0].old)) {
			found = e
		}
	}
	return found
}

// alone are the bytes of blocks that a version has and its successor has not.
func (v *version) alone(next *version) (bytes int64) {
	shared := make(map[*block]bool, len(next.blocks))
	for _, b := range next.blocks {
		shared[b] = true
	}
	for _, b := range v.blocks {
		if !shared[b] {
			bytes += b.bytes()
		}
	}
	return bytes
}

// bytes is what a table takes.
func (t *table) bytes() (n int64) {
	for _, c := range t.Cols {
		n += int64(cap(c.Null)+8*cap(c.Ints)+8*cap(c.Floats)+4*cap(c.IDs)+16*cap(c.Words)) + c.text
		n += int64(len(c.ids)) * mapBytes
	}
	return n
}

// mapBytes is about what an entry of a map takes, a text's head and a number.
const mapBytes = 48
