package archive

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Manifest says which files an archive has, and how far it reaches.
type Manifest struct {
	V      int    `json:"v"`
	Feed   string `json:"feed"` // id of the feed whose events these are
	Cursor Cursor `json:"cursor"`
	Files  []File `json:"files"` // by name; their rows are those of the archive, each once
	// Missing is, by type and date, how many events the feed has counted without
	// archiving them, or that have been deleted at the end of their retention.
	Missing map[string]map[string]uint64 `json:"missing"`
}

// Cursor is how far the located stream is archived.
type Cursor struct {
	Entry string            `json:"entry"` // the last of the stream's entries
	Rows  map[string]uint64 `json:"rows"`  // all there ever were up to it, by type
}

// File is one file of an archive.
type File struct {
	Name  string            `json:"name"` // below the target
	Date  string            `json:"date"` // of all its rows, UTC
	Types map[string]uint64 `json:"types"`
	From  int64             `json:"from"` // first second of its rows
	To    int64             `json:"to"`   // last second
	Bytes int64             `json:"bytes"`
	At    int64             `json:"at"` // when it was committed, in Unix seconds
	// Day says that it is a finished day of one type, and Copied that it lies
	// under [DayName], too.
	Day    bool `json:"day,omitempty"`
	Copied bool `json:"copied,omitempty"`
}

// Rows is the number of a file's rows.
func (f *File) Rows() uint64 {
	n := uint64(0)
	for _, k := range f.Types {
		n += k
	}
	return n
}

// Wanted says whether a file may hold any of the wanted rows.
func (f *File) Wanted(by *Filter) bool {
	if !by.meets(f.From, f.To) {
		return false
	}
	for typ := range f.Types {
		if by.wantsType(typ) {
			return true
		}
	}
	return false
}

// version is that of the layout.
const version = 1

// Encode writes a manifest, always the same way.
func (m *Manifest) Encode() []byte {
	m.V = version
	slices.SortFunc(m.Files, func(a, b File) int { return cmp.Compare(a.Name, b.Name) })
	if m.Files == nil {
		m.Files = []File{}
	}
	b, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		panic(err) // strings and numbers
	}
	return append(b, '\n')
}

// DecodeManifest reads a manifest. Fields that it does not know are those of
// later versions and passed over.
func DecodeManifest(b []byte) (*Manifest, error) {
	m := &Manifest{}
	d := json.NewDecoder(bytes.NewReader(b))
	if err := d.Decode(m); err != nil {
		return nil, fmt.Errorf("manifest: %w", err)
	}
	if m.V != version {
		return nil, fmt.Errorf("manifest: version %d: this program knows version %d", m.V, version)
	}
	if m.Feed == "" {
		return nil, errors.New("manifest: no feed")
	}
	seen := map[string]bool{}
	for i := range m.Files {
		if err := m.Files[i].check(); err != nil {
			return nil, fmt.Errorf("manifest: %w", err)
		}
		if seen[m.Files[i].Name] {
			return nil, fmt.Errorf("manifest: file %q stands there twice", m.Files[i].Name)
		}
		seen[m.Files[i].Name] = true
	}
	return m, nil
}

func (f *File) check() error {
	from, to, err := DateSpan(f.Date)
	if err != nil {
		return err
	}
	if !strings.HasPrefix(f.Name, Root) || slices.Contains(strings.Split(f.Name, "/"), "..") {
		return fmt.Errorf("file %q: not a name of an archive", f.Name)
	}
	if f.From < from || f.To >= to || f.From > f.To {
		return fmt.Errorf("file %q: its times are not of its date", f.Name)
	}
	return nil
}

// Encode writes a file's entry as it stands in Redis.
func (f *File) Encode() []byte {
	b, err := json.Marshal(f)
	if err != nil {
		panic(err) // strings and numbers
	}
	return b
}

// DecodeFile reads a file's entry as it stands in Redis.
func DecodeFile(b []byte) (File, error) {
	var f File
	if err := json.Unmarshal(b, &f); err != nil {
		return f, err
	}
	return f, f.check()
}
