//go:build cgo

package catalog_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/glowmap/glow/querier/catalog"
	"github.com/glowmap/glow/querier/engine"
)

// A file that is missing, as after a day was deleted by hand, takes away the
// questions about it and no others.
func TestLostFile(t *testing.T) {
	a, source, _ := days(t, 3, 3)
	lost := a.Manifest.Files[1]
	check(t, os.Remove(filepath.Join(a.Dir, filepath.FromSlash(lost.Name))))
	c := catalog.New(source, a.Dir, nil)
	check(t, c.Refresh(t.Context()))
	for _, f := range a.Manifest.Files {
		_, release, err := c.Local(t.Context(), f)
		if isLost := f.Name == lost.Name; isLost != errors.Is(err, engine.ErrGone) {
			t.Errorf("%s: %v", f.Name, err)
		} else if !isLost {
			release()
		}
	}
	e, err := engine.OpenDuckDB(c, engine.Limits{Folders: []string{a.Dir}, Memory: 64 << 20, Threads: 1, Concurrency: 1})
	check(t, err)
	defer e.Close()
	if err := c.Count(t.Context(), e); !errors.Is(err, engine.ErrGone) || !strings.Contains(err.Error(), lost.Name) {
		t.Error(err)
	}
	if total := c.Counted(t.Context()); total.Version != c.Current().Version {
		t.Error("nothing is counted")
	}
}
