package catalog

import (
	"bytes"
	"crypto/sha256"
	"encoding/gob"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/glowmap/glow/archiver/archive"
)

// notes is a folder of what was learned of files, one for each, so that a start
// does not read the archive again. Files never change, so neither do notes but
// for what is still to be learned. What is torn, foreign or of another version
// is none. It is safe for concurrent use, and a nil one keeps nothing.
type notes struct {
	dir string
	mu  sync.Mutex // of a folder that is tidied
}

// noteVersion is that of the form, and of what is counted.
const noteVersion = 1

// note is what was learned of one file.
type note struct {
	Version int
	Name    string // of the file
	Bytes   int64
	Columns []string
	Counted bool // its values were counted
	Values  []noted
}

// noted is [column] as it is written down.
type noted struct {
	Type, Name string
	Null       uint64
	More       bool
	Texts      []string
	N          []uint64
}

func openNotes(dir string) (*notes, error) {
	return &notes{dir: dir}, os.MkdirAll(dir, 0o750)
}

const noteSuffix = ".note"

func noteName(f archive.File) string {
	sum := sha256.Sum256([]byte(f.Name))
	return hex.EncodeToString(sum[:16]) + noteSuffix
}

// read returns the note of a file.
func (n *notes) read(f archive.File) (note, bool) {
	if n == nil {
		return note{}, false
	}
	b, err := os.ReadFile(filepath.Join(n.dir, noteName(f)))
	if err != nil {
		return note{}, false
	}
	return decodeNote(b, f)
}

func decodeNote(b []byte, f archive.File) (note, bool) {
	var is note
	if len(b) < sha256.Size {
		return is, false
	}
	sum := sha256.Sum256(b[sha256.Size:])
	if !bytes.Equal(sum[:], b[:sha256.Size]) || gob.NewDecoder(bytes.NewReader(b[sha256.Size:])).Decode(&is) != nil {
		return is, false
	}
	for _, v := range is.Values {
		if len(v.Texts) != len(v.N) {
			return is, false
		}
	}
	return is, is.Version == noteVersion && is.Name == f.Name && is.Bytes == f.Bytes
}

// write writes a note, whole or not at all. Where that cannot be, it is learned
// again after the next start: nothing is lost but time.
func (n *notes) write(f archive.File, is note) {
	if n == nil {
		return
	}
	is.Version, is.Name, is.Bytes = noteVersion, f.Name, f.Bytes
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(is); err != nil {
		panic(err) // texts and numbers
	}
	sum := sha256.Sum256(b.Bytes())
	n.mu.Lock()
	defer n.mu.Unlock()
	to, err := os.CreateTemp(n.dir, "new-")
	if err != nil {
		return
	}
	_, err = to.Write(append(sum[:], b.Bytes()...))
	if err = errors.Join(err, to.Close()); err == nil {
		err = os.Rename(to.Name(), filepath.Join(n.dir, noteName(f)))
	}
	if err != nil {
		_ = os.Remove(to.Name())
	}
}

// only removes the notes of all other files, and what crashes left.
func (n *notes) only(files []archive.File) {
	if n == nil {
		return
	}
	wanted := make(map[string]bool, len(files))
	for _, f := range files {
		wanted[noteName(f)] = true
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	list, _ := os.ReadDir(n.dir)
	for _, e := range list {
		if own := strings.HasSuffix(e.Name(), noteSuffix) || strings.HasPrefix(e.Name(), "new-"); own && !wanted[e.Name()] {
			_ = os.Remove(filepath.Join(n.dir, e.Name()))
		}
	}
}

// take takes over what a note says.
func (c *Catalog) take(f archive.File, is note) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.columns[f.Name] = is.Columns
	if !is.Counted {
		return
	}
	of := &counts{}
	for _, v := range is.Values {
		col := column{typ: v.Type, name: v.Name, null: v.Null, more: v.More, values: make([]value, len(v.N))}
		for i, text := range v.Texts {
			col.values[i] = value{c.words.id(text), v.N[i]}
		}
		of.of = append(of.of, col)
	}
	c.counts[f.Name] = of
}

// noteOf writes down what was counted; the lock is held.
func (c *Catalog) noteOf(columns []string, of *counts) note {
	is := note{Columns: columns, Counted: true}
	for _, col := range of.of {
		v := noted{Type: col.typ, Name: col.name, Null: col.null, More: col.more}
		for _, one := range col.values {
			v.Texts = append(v.Texts, c.words.texts[one.word])
			v.N = append(v.N, one.n)
		}
		is.Values = append(is.Values, v)
	}
	return is
}
