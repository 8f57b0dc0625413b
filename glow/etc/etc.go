// Package etc reads the environment files of the daemons, /etc/glow/*.env, as
// systemd does.
package etc

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Setting is one line of an environment file.
type Setting struct {
	Path        string
	Line        int
	Name, Value string
}

// Settings are those of all files: of glow.env first, then of each daemon's own.
type Settings []Setting

// Read reads the environment files of a folder. Those that cannot be read are
// returned as denied; that there are none is no error.
func Read(dir string) (all Settings, denied []string) {
	paths, _ := filepath.Glob(filepath.Join(dir, "*.env"))
	slices.SortStableFunc(paths, func(a, b string) int { return rank(a) - rank(b) })
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			denied = append(denied, path)
			continue
		}
		all = append(all, parse(string(text), path)...)
	}
	return all, denied
}

func rank(path string) int {
	if filepath.Base(path) == "glow.env" {
		return 0
	}
	return 1
}

var assignment = regexp.MustCompile(`^\s*([A-Za-z_][A-Za-z0-9_]*)=(.*)$`)

// parse reads the lines of a file; see systemd.exec(5), EnvironmentFile=.
func parse(text, path string) (all Settings) {
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		for strings.HasSuffix(line, `\`) && i+1 < len(lines) {
			i++
			line = strings.TrimSuffix(line, `\`) + lines[i]
		}
		if m := assignment.FindStringSubmatch(line); m != nil {
			all = append(all, Setting{path, i + 1, m[1], unquote(strings.TrimSpace(m[2]))})
		}
	}
	return all
}

func unquote(v string) string {
	if n := len(v); n >= 2 && (v[0] == '\'' || v[0] == '"') && v[n-1] == v[0] {
		return v[1 : n-1]
	}
	return v
}

// Get is the last value of a name, "" if there is none.
func (s Settings) Get(name string) (value string) {
	for _, one := range s {
		if one.Name == name {
			value = one.Value
		}
	}
	return value
}

// All are all values of a name.
func (s Settings) All(name string) (values []string) {
	for _, one := range s {
		if one.Name == name && one.Value != "" {
			values = append(values, one.Value)
		}
	}
	return values
}
