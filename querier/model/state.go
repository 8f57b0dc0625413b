package model

import (
	"bufio"
	"compress/gzip"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/querier/model/expr"
)

// part is the sums of some files of one day. Files never change, so neither do
// their sums: a part is right for as long as the archive has all of its files.
type part struct {
	files []string // by name
	sums  *table
}

// state is the folder of a model's parts, DIR/NAME/KEY/DATE/FILES.part, where
// KEY is of what is added up, and FILES of the names of the files. All of it is
// derived: what is torn, gone or of other columns is computed again.
type state struct {
	dir   string
	types []expr.Type // of the columns of sums
}

// partVersion is that of the files' form.
const partVersion = 1

type partHead struct {
	Version int
	Files   []string
}

func (s state) path(date string, files []string) string {
	return filepath.Join(s.dir, date, fileKey(files)+".part")
}

// write puts a part down, whole or not at all.
func (s state) write(date string, p part) (err error) {
	path := s.path(date, p.files)
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(f.Name())
		}
	}()
	zip, _ := gzip.NewWriterLevel(f, gzip.BestSpeed)
	buffer := bufio.NewWriterSize(zip, 64<<10)
	g := gob.NewEncoder(buffer)
	err = errors.Join(g.Encode(partHead{partVersion, p.files}), g.Encode(p.sums), buffer.Flush(), zip.Close(), f.Close())
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return os.Rename(f.Name(), path)
}

// read reads the part of a file; a torn one, or one of other columns, is
// none, and removed.
func (s state) read(path string) (p part, ok bool) {
	f, err := os.Open(path)
	if err != nil {
		return part{}, false
	}
	defer f.Close()
	p, err = decodePart(f)
	if err == nil && !p.sums.has(s.types) {
		err = errors.New("other columns")
	}
	if err != nil {
		os.Remove(path)
	}
	return p, err == nil
}

func decodePart(r io.Reader) (p part, err error) {
	zip, err := gzip.NewReader(r)
	if err != nil {
		return p, err
	}
	g := gob.NewDecoder(bufio.NewReader(zip))
	var head partHead
	if err := g.Decode(&head); err != nil {
		return p, err
	}
	if head.Version != partVersion {
		return p, fmt.Errorf("version %d", head.Version)
	}
	p.files = head.Files
	if err := g.Decode(&p.sums); err != nil {
		return p, err
	}
	if !p.sums.whole() {
		return p, errors.New("columns of different lengths")
	}
	_, err = io.Copy(io.Discard, zip) // the checksum stands at the end
	return p, err
}

// find returns parts that together are of some of the files of a date, each
// file in at most one, and those files that are in none.
func (s state) find(date string, files []archive.File) (parts []part, missing []archive.File) {
	if p, ok := s.read(s.path(date, names(files))); ok {
		return []part{p}, nil
	}
	left := map[string]bool{}
	for _, f := range files {
		left[f.Name] = true
	}
	for _, p := range s.all(date) {
		if slices.ContainsFunc(p.files, func(name string) bool { return !left[name] }) {
			continue
		}
		for _, name := range p.files {
			delete(left, name)
		}
		parts = append(parts, p)
	}
	for _, f := range files {
		if left[f.Name] {
			missing = append(missing, f)
		}
	}
	return parts, missing
}

// all reads the parts of a date, those of most files first.
func (s state) all(date string) (parts []part) {
	list, _ := os.ReadDir(filepath.Join(s.dir, date))
	for _, e := range list {
		if p, ok := s.read(filepath.Join(s.dir, date, e.Name())); ok {
			parts = append(parts, p)
		}
	}
	slices.SortStableFunc(parts, func(a, b part) int { return len(b.files) - len(a.files) })
	return parts
}

// tidy removes what is not of the parts given from the folder of a date.
func (s state) tidy(date string, parts []part) {
	keep := map[string]bool{}
	for _, p := range parts {
		keep[fileKey(p.files)+".part"] = true
	}
	dir := filepath.Join(s.dir, date)
	list, _ := os.ReadDir(dir)
	for _, e := range list {
		if !keep[e.Name()] {
			os.Remove(filepath.Join(dir, e.Name()))
		}
	}
	if len(parts) == 0 {
		os.Remove(dir)
	}
}

// only removes from a folder all but some names.
func only(dir string, keep func(name string) bool) error {
	list, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	for _, e := range list {
		if !keep(e.Name()) && !strings.HasPrefix(e.Name(), ".") {
			err = errors.Join(err, os.RemoveAll(filepath.Join(dir, e.Name())))
		}
	}
	return err
}

// names are the names of files, in order.
func names(files []archive.File) []string {
	list := make([]string, len(files))
	for i, f := range files {
		list[i] = f.Name
	}
	slices.Sort(list)
	return list
}
