package archive

import (
	"errors"
	"io"
	"maps"
	"os"
	"slices"
)

// Sorter sorts rows, however many: beyond a number that is held in memory they
// are put down as sorted files without names in the folder for temporary files,
// which are merged in the end. It needs memory for those rows, 16 bytes each
// and what they have in common, and about a megabyte for every such file.
type Sorter struct {
	table Table
	most  int
	runs  []*run
	keys  map[string]map[string]bool // of attributes, by type
}

// run is a sorted file.
type run struct {
	*reader
	blob *temporary
	row  *Row // its first that is not merged yet
}

// temporary is a file without a name.
type temporary struct {
	*os.File
	size int64
}

// Size is for [Blob].
func (f *temporary) Size() int64 { return f.size }

// NewSorter makes a sorter that holds so many rows in memory.
func NewSorter(most int) *Sorter {
	return &Sorter{most: min(most, MaxRows), keys: map[string]map[string]bool{}}
}

// Add adds a row. It keeps nothing of the caller's memory.
func (s *Sorter) Add(r *Row) error {
	s.table.Add(r)
	of := s.keys[r.Type]
	if of == nil {
		of = map[string]bool{}
		s.keys[r.Type] = of
	}
	for _, a := range r.Attrs {
		if !of[a.Key] {
			of[a.Key] = true
		}
	}
	if s.table.Len() < s.most && s.table.Distinct() < s.most {
		return nil
	}
	return s.spill()
}

// Types are the types of all rows, in order.
func (s *Sorter) Types() []string { return slices.Sorted(maps.Keys(s.keys)) }

// Keys are the keys of a type's attributes, in order.
func (s *Sorter) Keys(typ string) []string { return slices.Sorted(maps.Keys(s.keys[typ])) }

// spill puts the rows in memory down.
func (s *Sorter) spill() error {
	f, err := os.CreateTemp("", "glow-archiver-")
	if err != nil {
		return err
	}
	s.table.Sort()
	err = errors.Join(os.Remove(f.Name()), s.table.Write(f))
	size, errSize := f.Seek(0, io.SeekEnd)
	if err := errors.Join(err, errSize); err != nil {
		f.Close()
		return err
	}
	s.runs = append(s.runs, &run{blob: &temporary{f, size}})
	s.table.Reset()
	return nil
}

// Each calls each with every row, in order. The row is each's only until it
// returns; its strings stay.
func (s *Sorter) Each(each func(*Row) error) error {
	if len(s.runs) == 0 {
		s.table.Sort()
		var r Row
		for i := range s.table.Len() {
			s.table.Row(i, &r)
			if err := each(&r); err != nil {
				return err
			}
		}
		return nil
	}
	if s.table.Len() > 0 {
		if err := s.spill(); err != nil {
			return err
		}
	}
	return s.merge(each)
}

func (s *Sorter) merge(each func(*Row) error) error {
	var heads []*run
	for _, r := range s.runs {
		file, err := open(r.blob)
		if err != nil {
			return err
		}
		r.reader = newReader(file, &Filter{})
		if more, err := r.advance(); err != nil {
			return err
		} else if more {
			heads = append(heads, r)
		}
	}
	for len(heads) > 0 {
		i := least(heads)
		if err := each(heads[i].row); err != nil {
			return err
		}
		more, err := heads[i].advance()
		if err != nil {
			return err
		}
		if !more {
			heads = slices.Delete(heads, i, i+1)
		}
	}
	return nil
}

// advance goes to the next row; false if there is none.
func (r *run) advance() (more bool, err error) {
	if r.row, err = r.next(); err == io.EOF {
		return false, nil
	}
	return err == nil, err
}

// least is the run whose row comes first. Runs are few.
func least(heads []*run) int {
	first := 0
	for i, r := range heads[1:] {
		if r.row.Compare(heads[first].row) < 0 {
			first = i + 1
		}
	}
	return first
}

// Close gives back what the sorter holds.
func (s *Sorter) Close() error {
	var errs []error
	for _, r := range s.runs {
		if r.reader != nil {
			errs = append(errs, r.close())
		}
		errs = append(errs, r.blob.Close())
	}
	s.runs = nil
	s.table.Reset()
	return errors.Join(errs...)
}
