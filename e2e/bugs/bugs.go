// Package bugs holds twelve bugs that the end-to-end tests must catch, as
// patches of the daemons' sources. They are built through an overlay, so no
// copy of the tree is made and nothing in it changes.
package bugs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
)

// Bug is a patch that breaks one promise.
type Bug struct {
	Name  string // of the file, without .patch
	About string // what is wrong, in a sentence
	// Faults are the beginnings of the names of those that the chaos is to make,
	// separated by commas; none: all.
	Faults string

	path  string
	files []string // patched, from the root
}

// Root is the directory that holds the modules.
func Root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..")
}

// All lists the bugs in the order of their names.
func All() (list []Bug, err error) {
	paths, err := filepath.Glob(filepath.Join(Root(), "e2e", "bugs", "*.patch"))
	for _, path := range paths {
		b, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		head, patch, _ := strings.Cut(string(b), "\n\n")
		about, faults, _ := strings.Cut(head, "\nfaults: ")
		bug := Bug{Name: strings.TrimSuffix(filepath.Base(path), ".patch"), About: about, Faults: faults, path: path}
		for line := range strings.Lines(patch) {
			if name, ok := strings.CutPrefix(line, "+++ b/"); ok {
				bug.files = append(bug.files, strings.TrimSpace(name))
			}
		}
		list = append(list, bug)
	}
	return list, err
}

// Packages are the directories of the packages with the bug, from the root.
func (b Bug) Packages() (dirs []string) {
	for _, f := range b.files {
		if dir := filepath.Dir(f); len(dirs) == 0 || dirs[len(dirs)-1] != dir {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

// Overlay applies the patch to copies of its files in dir, and returns what
// go build's -overlay takes.
func (b Bug) Overlay(dir string) (string, error) {
	replace := map[string]string{}
	for _, f := range b.files {
		from, to := filepath.Join(Root(), f), filepath.Join(dir, f)
		text, err := os.ReadFile(from)
		if err == nil {
			err = os.MkdirAll(filepath.Dir(to), 0o755)
		}
		if err == nil {
			err = os.WriteFile(to, text, 0o644)
		}
		if err != nil {
			return "", err
		}
		replace[from] = to
	}
	if err := run(dir, "git", "apply", b.path); err != nil {
		return "", fmt.Errorf("%s does not apply any more: make it anew from the present source: %w", b.Name, err)
	}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "overlay.json")
	return path, os.WriteFile(path, text, 0o644)
}

// Build builds programs with the bug into out.
func (b Bug) Build(overlay, out string, programs ...string) error {
	args := []string{"build", "-overlay", overlay, "-o", out + string(filepath.Separator)}
	for _, p := range programs {
		args = append(args, "./"+p)
	}
	return run(Root(), "go", args...)
}

// Compile compiles the packages with the bug.
func (b Bug) Compile(overlay string) error {
	args := []string{"build", "-overlay", overlay}
	for _, p := range b.Packages() {
		args = append(args, "./"+p)
	}
	return run(Root(), "go", args...)
}

func run(dir, name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Dir = dir
	// A directory within some repository would be taken for a part of it.
	cmd.Env = append(os.Environ(), "GIT_CEILING_DIRECTORIES="+filepath.Dir(dir))
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, bytes.TrimSpace(out))
	}
	return nil
}
