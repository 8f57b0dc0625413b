package catalog

import (
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/glowmap/glow/archiver/archive"
)

// A note is read as it was written, for its file and no other.
func TestNotes(t *testing.T) {
	n, err := openNotes(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	f := archive.File{Name: "v1/a", Bytes: 7}
	want := note{Columns: []string{"attr_os", "time"}, Counted: true, Values: []noted{
		{Type: "download", Name: "attr_os", Null: 3, More: true, Texts: []string{"", "win\x00\xff"}, N: []uint64{2, 1}},
	}}
	n.write(f, want)
	want.Version, want.Name, want.Bytes = noteVersion, f.Name, f.Bytes
	if got, ok := n.read(f); !ok || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	other := archive.File{Name: "v1/b", Bytes: 7}
	b, err := os.ReadFile(filepath.Join(n.dir, noteName(f)))
	if err == nil {
		err = os.WriteFile(filepath.Join(n.dir, noteName(other)), b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	larger := f
	larger.Bytes++
	for _, f := range []archive.File{other, larger, {Name: "v1/none"}} {
		if got, ok := n.read(f); ok {
			t.Errorf("%s: %+v", f.Name, got)
		}
	}
	for i := range b {
		if _, ok := decodeNote(b[:i], f); ok {
			t.Errorf("%d bytes of %d are a note", i, len(b))
		}
		torn := append([]byte{}, b...)
		torn[i] ^= 4
		if _, ok := decodeNote(torn, f); ok {
			t.Errorf("a note with another byte %d", i)
		}
	}
	n.only([]archive.File{f})
	if list, err := os.ReadDir(n.dir); len(list) != 1 || err != nil {
		t.Error(list, err)
	}
}
