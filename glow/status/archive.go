package status

import (
	"fmt"
	"strings"
	"time"

	"github.com/glowmap/glow/glow/term"
	"github.com/glowmap/glow/internal/keys"
)

// archiveLag is for how long events wait for the archive where all is well, at
// the most: the archiver gathers them for minutes.
const archiveLag = 20 * time.Minute

// Archive is the history, where it is kept.
type Archive struct {
	State    string  `json:"state"`    // on or off
	Archived int64   `json:"archived"` // events ever
	Waiting  int64   `json:"waiting"`  // events in the located stream
	Lag      float64 `json:"lag_seconds"`
	Missing  int64   `json:"missing"` // events counted but not archived, or deleted since
	Files    int64   `json:"files"`
	Host     *string `json:"host"` // of the active archiver
}

// archive learns how far the archive is.
func (k *look) archive() {
	v, err := k.Options.Redis.HMGet(k.ctx, k.Keys.Meta(), keys.MetaArchive).Result()
	if !k.got("the settings", err) || v[0] == nil { // nobody ever began one
		return
	}
	state, _ := v[0].(string)
	a := &Archive{State: state}
	k.Report.Archive = a
	for field, text := range k.hash("the archive", k.Keys.Archive()) {
		switch name, _, _ := strings.Cut(field, "|"); name {
		case "n":
			a.Waiting += number(text)
		case "rows":
			a.Archived += number(text)
		case "missing":
			a.Missing += number(text)
		}
	}
	a.Waiting = max(0, a.Waiting-a.Archived)
	if n, err := k.Options.Redis.HLen(k.ctx, k.Keys.Segments()).Result(); k.got("the archive's files", err) {
		a.Files = n
	}
	if in, err := k.Options.Redis.XInfoStream(k.ctx, k.Keys.Located()).Result(); k.got("the located stream", err) && in.Length > 0 {
		a.Lag = k.age(entryTime(in.FirstEntry.ID))
	}
	if holder, err := k.Options.Redis.Get(k.ctx, k.Keys.Lease("archiver")).Result(); k.got("the archiver's lease", err) {
		host, _, _ := strings.Cut(holder, "/")
		a.Host = &host
	}
}

func (k *look) judgeArchive() {
	a := k.Report.Archive
	if a == nil || a.Lag <= max(archiveLag, k.MaxLag).Seconds() {
		return
	}
	what := fmt.Sprintf("%s waiting to be archived, the oldest for %s", term.Many(a.Waiting, "event", "events"), span(a.Lag))
	means := "Redis keeps them; when they are more than geoworker's --max-located, counting waits, too"
	if a.Host == nil {
		k.problem("no-archiver", what+", and no archiver is active", means, "start the archiver, or run \"archiver off\" to do without history")
		return
	}
	k.problem("archive-lag", what, means, "see the archiver's log: is the archive away or slow?")
}

func (p *page) archive() {
	a := p.r.Archive
	if a == nil {
		return
	}
	words := []string{term.Clean(a.State), term.Count(a.Archived) + " archived in " + term.Many(a.Files, "file", "files")}
	if a.Waiting > 0 {
		words = append(words, fmt.Sprintf("%s waiting, the oldest %s old", term.Count(a.Waiting), span(a.Lag)))
	}
	if a.Missing > 0 {
		words = append(words, term.Count(a.Missing)+" missing")
	}
	if a.Host != nil {
		words = append(words, "by "+term.Clean(*a.Host))
	}
	p.Fact("archive", strings.Join(words, ", "))
}
