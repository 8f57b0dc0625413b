package snapshot

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/glowmap/glow/internal/bucket"
	"github.com/glowmap/glow/internal/event"
	"github.com/glowmap/glow/internal/grid"
)

// MaxBytes is the largest file that is read: about ten times the largest that
// a full world of half-degree cells and twenty types could need.
const MaxBytes = 64 << 20

// ErrVersion says that a file is of a version that is not known here.
var ErrVersion = errors.New("not version 1 of the feed")

// ReadAll reads a file of the feed whole; more than [MaxBytes] is an error.
func ReadAll(r io.Reader) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	if err == nil && len(b) > MaxBytes {
		err = fmt.Errorf("larger than %d bytes", MaxBytes)
	}
	return b, err
}

// Decode reads one bucket's snapshot and checks its shape and sums. Fields that
// are not known are ignored: version 1 may gain some.
func Decode(b []byte) (*Snapshot, error) {
	s := new(Snapshot)
	if err := decode(b, s, &s.Version); err != nil {
		return nil, fmt.Errorf("snapshot: %w", err)
	}
	if err := s.Check(); err != nil {
		return nil, fmt.Errorf("snapshot: %w", err)
	}
	return s, nil
}

// DecodeLatest reads latest.json.
func DecodeLatest(b []byte) (*Latest, error) {
	l := new(Latest)
	if err := decode(b, l, &l.Version); err != nil {
		return nil, fmt.Errorf("latest.json: %w", err)
	}
	if l.Feed == "" {
		return nil, errors.New("latest.json: names no feed")
	}
	return l, nil
}

// DecodeNames reads names.json.
func DecodeNames(b []byte) (*Names, error) {
	n := new(Names)
	if err := decode(b, n, &n.Version); err != nil {
		return nil, fmt.Errorf("names.json: %w", err)
	}
	return n, nil
}

func decode(b []byte, into any, version *int) error {
	if len(b) > MaxBytes {
		return fmt.Errorf("larger than %d bytes", MaxBytes)
	}
	if err := json.Unmarshal(b, into); err != nil {
		return err
	}
	if *version != Version {
		return ErrVersion
	}
	return nil
}

// ID is the bucket that the snapshot is of.
func (s *Snapshot) ID() (bucket.ID, error) {
	id := bucket.ID{Period: s.Period}
	if (s.Start == nil) != (s.Period == bucket.All) {
		return id, errors.New("start: want a time, and null only for all time")
	}
	if s.Start != nil {
		id.Start = s.Start.Unix()
	}
	if again, err := bucket.ParseID(id.String()); err != nil || again != id || s.Start != nil && s.Start.Nanosecond() != 0 {
		return id, fmt.Errorf("%s: not a period that starts there", id)
	}
	return id, nil
}

// Check says what is wrong with the snapshot's shape, or which of its sums
// does not come out: Σ counts + unlocated = n = Σ beat = Σ days, and no more
// than n on continents or in countries or regions.
func (s *Snapshot) Check() error {
	id, err := s.ID()
	if err != nil {
		return err
	}
	g, err := grid.New(s.Grid)
	if err != nil {
		return err
	}
	if len(s.Types) == 0 {
		return errors.New("no type has an event")
	}
	for name, t := range s.Types {
		if !event.ValidType([]byte(name)) || t == nil || t.N == 0 {
			return fmt.Errorf("type %.40q: not a type with events", name)
		}
		if err := t.check(id.Period, uint64(g.Cells())); err != nil {
			return fmt.Errorf("type %s: %w", name, err)
		}
	}
	return nil
}

func (t *Type) check(p bucket.Period, cells uint64) error {
	if len(t.Beat) != p.Beats() {
		return fmt.Errorf("beat has %d steps, want %d", len(t.Beat), p.Beats())
	}
	if (t.Days != nil) != (p == bucket.All) || (t.Regions != nil) != p.HasRegions() {
		return errors.New("days or regions do not belong to this period, or are missing")
	}
	if err := t.checkCells(cells); err != nil {
		return err
	}
	if got, ok := sum(t.Unlocated, t.Counts); !ok || got != t.N {
		return fmt.Errorf("cells and unlocated are %d, n is %d", got, t.N)
	}
	if got, ok := sum(0, t.Beat); p != bucket.All && (!ok || got != t.N) {
		return fmt.Errorf("the beat is %d, n is %d", got, t.N)
	}
	if got, ok := t.sumDays(); p == bucket.All && (!ok || got != t.N) {
		return fmt.Errorf("the days are %d, n is %d", got, t.N)
	}
	for _, m := range []map[string]uint64{t.Continents, t.Countries, t.Regions} {
		if got, ok := sumMap(m); !ok || got > t.N {
			return fmt.Errorf("places are %d, n is only %d", got, t.N)
		}
	}
	return nil
}

func (t *Type) checkCells(cells uint64) error {
	if len(t.Cells) != len(t.Counts) {
		return errors.New("cells and counts are of different lengths")
	}
	at := uint64(0)
	for i, d := range t.Cells {
		if at += uint64(d); at >= cells || i > 0 && d == 0 {
			return errors.New("cells do not ascend within the grid")
		}
	}
	return nil
}

func (t *Type) sumDays() (uint64, bool) {
	for day := range t.Days {
		if _, err := time.Parse(time.DateOnly, day); err != nil {
			return 0, false
		}
	}
	return sumMap(t.Days)
}

func sumMap(m map[string]uint64) (uint64, bool) {
	total := uint64(0)
	for _, n := range m {
		if total += n; total < n {
			return 0, false
		}
	}
	return total, true
}

// sum is false when it overflows.
func sum(total uint64, counts []uint64) (uint64, bool) {
	for _, n := range counts {
		if total += n; total < n {
			return 0, false
		}
	}
	return total, true
}
