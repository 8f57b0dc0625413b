package follow

import (
	"path/filepath"
	"regexp"
	"strings"
)

// trimPacked takes the ending of a compressed file off a name.
func trimPacked(name string) string {
	return strings.TrimSuffix(strings.TrimSuffix(name, ".gz"), ".zst")
}

var (
	// rotated is what a rotation puts at the end of a name: access.log.1,
	// access.log-20260324, access.log.2026-03-24_14, access.log.old.
	rotated = regexp.MustCompile(`^(.+?)[._-](?:\d[\dT:_.-]*|old)$`)
	// rotatedInside is what it puts before the extension: access-20260324.log, access.1.log.
	rotatedInside = regexp.MustCompile(`^(.+?)[._-]\d[\dT:_-]*(\.[A-Za-z]\w*)$`)
	digitRuns     = regexp.MustCompile(`\d+`)
)

// rotatedFrom lists the names that a file may have had before it was rotated
// to name, or before it was compressed.
func rotatedFrom(name string) []string {
	plain := trimPacked(name)
	var from []string
	if plain != name {
		from = append(from, plain)
	}
	if m := rotated.FindStringSubmatch(plain); m != nil {
		from = append(from, m[1])
	}
	if m := rotatedInside.FindStringSubmatch(plain); m != nil {
		from = append(from, m[1]+m[2])
	}
	return from
}

// shape is what all dated names of one log have in common.
func shape(path string) string {
	dir, name := filepath.Split(trimPacked(path))
	return dir + digitRuns.ReplaceAllString(name, "0")
}

func isGlob(path string) bool { return strings.ContainsAny(path, "*?[") }
