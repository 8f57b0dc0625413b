package main

import (
	"cmp"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
)

// own is how the paths of Glow's own modules begin.
const own = "github.com/glowmap/glow/"

// std stands for Go's standard library, as in the go command's own reports.
const std = "std"

// folders say where sources are.
type folders struct{ modules, goroot string }

// program is a built program.
type program struct {
	name string
	sum  string // SHA-256 of the file, in hex
	uses []*module
}

// module is a foreign module of some program.
type module struct {
	path, version string
	sum           string // as go.sum has it: h1:BASE64; empty for the standard library
	licence       string // SPDX expression
	files         []file
	in            []string // names of the programs
}

// file is a licence or a notice as its authors wrote it.
type file struct{ name, text string }

// inventory is all programs and all that they are made of, sorted by path.
type inventory struct {
	programs []program
	modules  []*module
}

// read looks into built programs, and into the cache for the licences of what
// they contain. A licence that it does not know is an error: somebody must
// look at it.
func read(paths []string, from folders) (inventory, error) {
	if len(paths) == 0 {
		return inventory{}, errors.New("no program: name one or more, as in bom table bin/tailer")
	}
	var inv inventory
	known := map[string]*module{}
	for _, path := range paths {
		p, err := readProgram(path, known)
		if err != nil {
			return inventory{}, err
		}
		inv.programs = append(inv.programs, p)
	}
	var errs []error
	for _, m := range known {
		var err error
		if m.files, err = licences(m.folder(from)); err == nil {
			m.licence, err = expression(m.files)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("licence of %s %s: %w", m.path, m.version, err))
		}
		inv.modules = append(inv.modules, m)
	}
	slices.SortFunc(inv.modules, func(a, b *module) int {
		return cmp.Or(cmp.Compare(a.path, b.path), cmp.Compare(a.version, b.version))
	})
	return inv, errors.Join(errs...)
}

func readProgram(path string, known map[string]*module) (program, error) {
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		return program{}, err
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return program{}, err
	}
	sum := sha256.Sum256(content)
	p := program{name: filepath.Base(path), sum: hex.EncodeToString(sum[:])}
	goVersion, _, _ := strings.Cut(strings.TrimPrefix(info.GoVersion, "go"), " ")
	for _, d := range append([]*debug.Module{{Path: std, Version: goVersion}}, info.Deps...) {
		if d.Replace != nil {
			d = d.Replace
		}
		if strings.HasPrefix(d.Path, own) || d.Version == "(devel)" {
			continue
		}
		m := known[d.Path+"@"+d.Version]
		if m == nil {
			m = &module{path: d.Path, version: d.Version, sum: d.Sum}
			known[d.Path+"@"+d.Version] = m
		}
		m.in = append(m.in, p.name)
		p.uses = append(p.uses, m)
	}
	return p, nil
}

// folder is where a module's sources are. The cache writes capitals as "!" and
// the small letter.
func (m *module) folder(from folders) string {
	if m.path == std {
		return from.goroot
	}
	var b strings.Builder
	for _, r := range m.path + "@" + m.version {
		if r >= 'A' && r <= 'Z' {
			b.WriteByte('!')
			r += 'a' - 'A'
		}
		b.WriteRune(r)
	}
	return filepath.Join(from.modules, filepath.FromSlash(b.String()))
}
