// Package logrotate reads the configuration of logrotate(8), as far as it says
// what happens to a log and how long its rotated files stay.
package logrotate

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Section is what the configuration says of some logs.
type Section struct {
	File     string
	Line     int
	Patterns []string
	// Set are the directives in force, those of the whole configuration
	// included: "rotate" → "14", "copytruncate" → "". Scripts are there by name.
	Set map[string]string
}

// Read reads a configuration file and what it includes; paths are taken below
// root. Files that cannot be read are returned as denied.
func Read(root, path string) (all []Section, denied []string) {
	r := &reader{root: root, global: map[string]string{}}
	r.file(path, 0)
	return r.all, r.denied
}

// maxDepth ends includes that include each other.
const maxDepth = 8

type reader struct {
	root   string
	global map[string]string
	all    []Section
	denied []string
}

func (r *reader) file(path string, depth int) {
	text, err := os.ReadFile(filepath.Join(r.root, path))
	if err != nil {
		if !os.IsNotExist(err) {
			r.denied = append(r.denied, path)
		}
		return
	}
	sections, includes := Parse(string(text), path, r.global)
	r.all = append(r.all, sections...)
	if depth == maxDepth {
		return
	}
	for _, include := range includes {
		r.include(include, depth+1)
	}
}

// ignored are endings of files that logrotate passes over in a folder.
var ignored = []string{".disabled", ".dpkg-old", ".dpkg-dist", ".dpkg-new", ".dpkg-bak", ".dpkg-tmp", ".rpmorig", ".rpmsave", ".rpmnew", ".swp", ".bak", ".old", "~", ",v"}

func (r *reader) include(path string, depth int) {
	entries, err := os.ReadDir(filepath.Join(r.root, path))
	if err != nil {
		r.file(path, depth)
		return
	}
	for _, e := range entries {
		skip := slices.ContainsFunc(ignored, func(end string) bool { return strings.HasSuffix(e.Name(), end) })
		if !skip && !e.IsDir() {
			r.file(filepath.Join(path, e.Name()), depth)
		}
	}
}

// scripts are directives whose text follows, up to "endscript".
var scripts = []string{"postrotate", "prerotate", "firstaction", "lastaction", "preremove"}

// Parse reads one file's text. Directives outside of sections go to global, and
// so into the sections that follow.
//
// A brace always begins a section, as for logrotate 3.21: it knows no names
// such as /var/log/{a,b}.log, and refuses what follows, so that those logs are
// not rotated at all. Here no section touches them either.
func Parse(text, path string, global map[string]string) (all []Section, includes []string) {
	var patterns []string // of the section that is about to begin
	var open *Section
	inScript := false
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if inScript {
			inScript = line != "endscript"
			continue
		}
		for _, token := range statements(line) {
			switch {
			case token == "{":
				open = &Section{File: path, Line: i + 1, Patterns: patterns, Set: clone(global)}
				patterns = nil
			case token == "}":
				if open != nil {
					all = append(all, *open)
				}
				open = nil
			case open != nil:
				inScript = directive(open.Set, token) || inScript
			case token[0] == '/' || token[0] == '"' || token[0] == '\'' || token[0] == '~':
				patterns = append(patterns, split(token)...)
			case strings.HasPrefix(token, "include"):
				includes = append(includes, split(token)[1:]...)
			default:
				inScript = directive(global, token) || inScript
			}
		}
	}
	return all, includes
}

func clone(m map[string]string) map[string]string {
	c := make(map[string]string, len(m))
	for k, v := range m {
		c[k] = v
	}
	return c
}

// statements takes a line apart at braces, and its comment off.
func statements(text string) (list []string) {
	if text == "" || text[0] == '#' {
		return nil
	}
	if i := strings.Index(text, " #"); i >= 0 {
		text = text[:i]
	}
	for {
		i := strings.IndexAny(text, "{}")
		if i < 0 {
			break
		}
		if before := strings.TrimSpace(text[:i]); before != "" {
			list = append(list, before)
		}
		list = append(list, text[i:i+1])
		text = text[i+1:]
	}
	if text = strings.TrimSpace(text); text != "" {
		list = append(list, text)
	}
	return list
}

// directive takes one over, and says whether the text of a script follows.
func directive(set map[string]string, text string) (script bool) {
	name, value, _ := strings.Cut(strings.Replace(text, "=", " ", 1), " ")
	name = strings.TrimSpace(name)
	set[name] = strings.TrimSpace(value)
	if without, no := strings.CutPrefix(name, "no"); no && name != "notifempty" {
		delete(set, without)
	} else {
		delete(set, "no"+name)
	}
	if slices.Contains(intervals, name) {
		for _, other := range intervals {
			if other != name {
				delete(set, other)
			}
		}
	}
	return slices.Contains(scripts, name)
}

// split takes names apart, which may be in quotes.
func split(text string) (names []string) {
	for text = strings.TrimSpace(text); text != ""; text = strings.TrimSpace(text) {
		end := strings.IndexAny(text, " \t")
		if q := text[0]; q == '"' || q == '\'' {
			text = text[1:]
			end = strings.IndexByte(text, q)
		}
		if end < 0 {
			end = len(text)
		}
		if name := text[:end]; name != "" {
			names = append(names, name)
		}
		text = text[min(end+1, len(text)):]
	}
	return names
}

// Touches says whether a section is about the log at path.
func (s Section) Touches(path string) bool {
	return slices.ContainsFunc(s.Patterns, func(pattern string) bool {
		match, _ := filepath.Match(pattern, path)
		return match
	})
}

// Has says whether a directive is in force.
func (s Section) Has(name string) bool {
	_, ok := s.Set[name]
	return ok
}

var intervals = []string{"hourly", "daily", "weekly", "monthly", "yearly"}

// Keeps is how long rotated files stay at least; false if that depends on how
// fast the log grows.
func (s Section) Keeps() (keep time.Duration, known bool) {
	const day = 24 * time.Hour
	each := map[string]time.Duration{"hourly": time.Hour, "daily": day, "weekly": 7 * day, "monthly": 28 * day, "yearly": 365 * day}
	interval := 7 * day
	for name, length := range each {
		if s.Has(name) {
			interval = length
		}
	}
	rotate, _ := strconv.Atoi(s.Set["rotate"])
	known = !s.Has("size") && !s.Has("maxsize")
	if rotate < 0 {
		keep, known = 1<<62, true
	} else {
		keep = time.Duration(min(rotate, 1e5)) * interval
	}
	if days, err := strconv.Atoi(s.Set["maxage"]); err == nil && days >= 0 && days < 1e5 && time.Duration(days)*day < keep {
		keep = time.Duration(days) * day
	}
	return keep, known
}
