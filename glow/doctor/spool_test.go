package doctor

import (
	"os"
	"path/filepath"
	"testing"
)

// The doctor is root, the folder another user's: what stands where the probe
// goes is not followed.
func TestProbeFollowsNoLink(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "precious")
	if err := os.WriteFile(file, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(file, filepath.Join(dir, probeName)); err != nil {
		t.Fatal(err)
	}
	d := &doctor{}
	d.trySync("spool-sync", dir, "")
	if b, err := os.ReadFile(file); string(b) != "precious" || err != nil {
		t.Errorf("it is %q now, %v", b, err)
	}
	if _, err := os.Lstat(filepath.Join(dir, probeName)); !os.IsNotExist(err) {
		t.Errorf("the probe stays: %v", err)
	}
	if len(d.Findings) != 1 || d.Findings[0].Level == Error {
		t.Errorf("it found %v", d.Findings)
	}
}
