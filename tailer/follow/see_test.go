package follow

import (
	"os"
	"path/filepath"
	"testing"
)

// A renamed file is the same, a new one at its path is another.
func TestSee(t *testing.T) {
	log := filepath.Join(t.TempDir(), "access.log")
	appendText(t, log, "a line\n")
	before, err := See(log)
	must(t, err)
	must(t, os.Rename(log, log+".1"))
	appendText(t, log, "new\n")
	renamed, err := See(log + ".1")
	must(t, err)
	fresh, err := See(log)
	must(t, err)
	if !before.Regular || before.Size != 7 || !SameFile(before.Generation, renamed.Generation) || SameFile(before.Generation, fresh.Generation) {
		t.Errorf("%+v, renamed %+v, fresh %+v", before, renamed, fresh)
	}
	if _, err := See(log + ".2"); err == nil {
		t.Error("what is not there was seen")
	}
}
