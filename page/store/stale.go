package store

import (
	"regexp"
	"time"

	"github.com/glowmap/glow/page/bundle"
)

const (
	// stay is how long a build has to have been up before the ones before it go:
	// pages that are open still load parts of theirs when they need them.
	stay = 24 * time.Hour
	// syncing is how long an upload may have taken.
	syncing = time.Hour
)

// byContent is how files are named by their content.
var byContent = regexp.MustCompile(`^[a-z-]+-[0-9A-Z]{8}\.(js|css|bin)$`)

// Stale lists the files of builds that nobody can be using: those before the
// one that is there, if that one has been there for a day. Everything that is
// not named by its content, and so not ours for certain, stays.
func Stale(there []Object, files []bundle.File, now time.Time) []string {
	var replaced time.Time // when the build that is there was put
	for _, o := range there {
		if o.Name == "index.html" {
			replaced = o.Put
		}
	}
	if replaced.IsZero() || now.Sub(replaced) < stay {
		return nil
	}
	used := map[string]bool{}
	for _, f := range files {
		used[f.Name] = true
	}
	var out []string
	for _, o := range there {
		if byContent.MatchString(o.Name) && !used[o.Name] && o.Put.Before(replaced.Add(-syncing)) {
			out = append(out, o.Name)
		}
	}
	return out
}
