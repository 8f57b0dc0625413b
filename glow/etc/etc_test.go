package etc

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// What stands in a daemon's own file wins over what stands in glow.env.
func TestRead(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.env"), "GLOW_FORMAT=json\nTAILER_FILES=/b\n")
	write(t, filepath.Join(dir, "glow.env"), "# GLOW_X=1\n GLOW_MATCH='a b' \nGLOW_FORMAT=glow\nTAILER_FILES=/a \\\n /c\nGLOW_TYPE=\"x\"\nnothing\n")
	all, denied := Read(dir)
	if len(denied) > 0 || len(all) != 6 {
		t.Fatalf("%v, %v", all, denied)
	}
	for name, want := range map[string]string{"GLOW_X": "", "GLOW_MATCH": "a b", "GLOW_FORMAT": "json", "GLOW_TYPE": "x"} {
		if got := all.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if files := all.All("TAILER_FILES"); !slices.Equal(files, []string{"/a  /c", "/b"}) {
		t.Errorf("%q", files)
	}
	if all[3].Line != 6 || all[3].Name != "GLOW_TYPE" {
		t.Errorf("%+v", all[3])
	}
}

// A list of many files makes a long line, and those after it count too.
func TestReadLongLine(t *testing.T) {
	dir := t.TempDir()
	long := strings.Repeat("/var/log/x.log ", 20000)
	write(t, filepath.Join(dir, "glow.env"), "TAILER_FILES="+long+"\r\nGLOW_FORMAT=json")
	all, _ := Read(dir)
	if all.Get("TAILER_FILES") != strings.TrimSpace(long) || all.Get("GLOW_FORMAT") != "json" {
		t.Errorf("%d settings, the first of %d bytes", len(all), len(all.Get("TAILER_FILES")))
	}
}

func FuzzRead(f *testing.F) {
	f.Add("GLOW_A='b'\n\\\nX=\\\n")
	f.Fuzz(func(t *testing.T, text string) {
		dir := t.TempDir()
		write(t, filepath.Join(dir, "x.env"), text)
		for _, s := range first(Read(dir)) {
			if s.Name == "" || s.Line < 1 {
				t.Errorf("%+v", s)
			}
		}
	})
}

func first(s Settings, _ []string) Settings { return s }
