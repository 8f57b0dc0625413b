package main

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"
)

// All that is not its own is deleted in the folder of --state, so models may
// not lie there, nor below it, nor behind a link.
func TestNoModelsInState(t *testing.T) {
	dir := t.TempDir()
	state := filepath.Join(dir, "models")
	link := filepath.Join(dir, "link")
	for _, err := range []error{os.MkdirAll(filepath.Join(state, "mine"), 0o755), os.Symlink(state, link), os.Mkdir(filepath.Join(dir, "else"), 0o755)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for folder, good := range map[string]bool{
		state: false, filepath.Join(state, "mine"): false, link: false,
		filepath.Join(dir, "else"): true, filepath.Join(dir, "none"): true, dir: true,
	} {
		set := flag.NewFlagSet("querier", flag.ContinueOnError)
		for _, f := range modelFlags() {
			if err := f.Apply(set); err != nil {
				t.Fatal(err)
			}
		}
		if err := set.Parse([]string{"--state", dir, "--models", folder}); err != nil {
			t.Fatal(err)
		}
		_, err := openState(cli.NewContext(cli.NewApp(), set, nil))
		if (err == nil) != good || err != nil && !strings.Contains(err.Error(), "choose another") {
			t.Errorf("models in %s: %v", folder, err)
		}
	}
}
