package status

import (
	"cmp"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/glowmap/glow/glow/term"
	"github.com/glowmap/glow/internal/bucket"
)

// mostShown is how many of a long list are shown to people.
const mostShown = 12

// Text is the report for people.
func (r *Report) Text(colours bool) string {
	p := &page{term.Page{Colours: colours}, r}
	colour := map[State]term.Colour{Well: term.Good, Wrong: term.Bad, Unknown: term.Warn}[r.State]
	p.Line("glow:", p.Paint(colour, string(r.State))+",", r.Time.Format("2006-01-02 15:04:05Z")+", namespace", r.Namespace)
	p.problems()
	p.Line()
	for _, part := range []func(){p.queue, p.workers, p.sources, p.counted, p.drops, p.buckets, p.publisher, p.feed, p.archive, p.queriers, p.geoip, p.spool, p.redis, p.daemons} {
		part()
	}
	return p.String()
}

type page struct {
	term.Page
	r *Report
}

func (p *page) problems() {
	for _, b := range p.r.Problems {
		p.Line()
		p.Line(p.Paint(term.Bad, b.ID+":"), b.What)
		p.Line("   means:", b.Means)
		p.Line("   do:   ", b.Do)
	}
}

// more ends a list of which only the first were shown.
func (p *page) more(n int) {
	if n > mostShown {
		p.Fact("", fmt.Sprintf("  … and %s more: see --json", term.Count(n-mostShown)))
	}
}

func (p *page) queue() {
	q := p.r.Queue
	if q == nil {
		return
	}
	text := entries(q.Entries)
	if q.Events != nil && q.Entries > 0 {
		about := map[bool]string{false: "about "}[q.EventsExact]
		text += fmt.Sprintf(" (%s%s), the oldest %s old", about, term.Many(*q.Events, "event", "events"), span(q.Lag))
	}
	if q.Pending > 0 {
		text += fmt.Sprintf("; %s taken by workers", term.Count(q.Pending))
		if q.OldestPending != nil {
			text += ", the oldest " + span(*q.OldestPending) + " ago"
		}
	}
	if r := p.r.Rates; r != nil {
		text += fmt.Sprintf("; %.1f entries/s in", r.Queued)
	}
	p.Fact("queue", text)
}

func (p *page) workers() {
	if p.r.Queue == nil {
		return
	}
	p.Fact("workers", fmt.Sprintf("%d known", len(p.r.Workers)))
	for _, w := range p.r.Workers[:min(len(p.r.Workers), mostShown)] {
		colour := map[string]term.Colour{Working: term.Good, Quiet: term.Faint, Gone: term.Bad}[w.State]
		p.Fact("", fmt.Sprintf("  %s last took something %s ago, %s pending, %s",
			p.Paint(colour, term.Pad(w.State, 8)), span(w.Idle), term.Count(w.Pending), term.Clean(w.Name)))
	}
	p.more(len(p.r.Workers))
}

func (p *page) sources() {
	title := "sources"
	if r := p.r.Rates; r != nil && len(p.r.Sources) > 0 {
		p.Fact(title, term.Bytes(int64(r.Read))+"/s read")
		title = ""
	}
	for _, s := range p.r.Sources[:min(len(p.r.Sources), mostShown)] {
		words := []string{term.Clean(s.Name)}
		if s.Done > 0 {
			words = append(words, term.Many(s.Done, "file", "files")+" done")
		}
		if s.Lost > 0 {
			words = append(words, p.Paint(term.Bad, fmt.Sprintf("%d lost", s.Lost)))
		}
		if !s.Local {
			words = append(words, "files on "+term.Clean(s.Host))
		}
		p.Fact(title, strings.Join(words, ", "))
		title = ""
		for _, f := range s.Files[:min(len(s.Files), mostShown)] {
			p.Fact("", "  "+p.file(f, s.Local))
		}
		p.more(len(s.Files))
	}
	p.more(len(p.r.Sources))
}

func (p *page) file(f File, local bool) string {
	text := fmt.Sprintf("%s at %s", term.Clean(filepath.Base(f.Path)), term.Bytes(f.Offset))
	switch {
	case f.Behind != nil:
		return text + ", " + term.Bytes(*f.Behind) + " behind its end"
	case local:
		return text + ", not found here just now"
	}
	return text
}

func (p *page) counted() {
	c := p.r.Counted
	if c == nil {
		return
	}
	text := term.Count(sum(c.Totals))
	if list := counts(c.Totals); list != "" {
		text += ": " + list
	}
	if r := p.r.Rates; r != nil {
		text += fmt.Sprintf("; %.1f/s", r.Counted)
	}
	p.Fact("counted", text)
	if len(c.Late) > 0 {
		p.Fact("", "  too late for their period's file, counted in longer ones: "+counts(c.Late))
	}
}

func (p *page) drops() {
	c := p.r.Counted
	if c == nil {
		return
	}
	text := term.Count(sum(c.Drops))
	if list := counts(c.Drops); list != "" {
		text += ": " + list
	}
	if r := p.r.Rates; r != nil {
		text += fmt.Sprintf("; %.1f/s", r.Dropped)
	}
	p.Fact("dropped", text)
	if c.NewestReject != nil {
		p.Fact("", fmt.Sprintf("  %s, the newest %s old: redis-cli XREVRANGE '{%s}:rejects' + - COUNT 5", term.Many(c.RejectSamples, "sample", "samples"), term.Span(p.r.Time.Sub(*c.NewestReject)), p.r.Namespace))
	}
}

// counts lists counts, the largest first.
func counts(m map[string]int64) string {
	names := slices.SortedFunc(maps.Keys(m), func(a, b string) int { return cmp.Or(cmp.Compare(m[b], m[a]), strings.Compare(a, b)) })
	var list []string
	for _, name := range names[:min(len(names), mostShown)] {
		list = append(list, term.Clean(name)+" "+term.Count(m[name]))
	}
	if len(names) > mostShown {
		list = append(list, "…")
	}
	return strings.Join(list, ", ")
}

func (p *page) buckets() {
	b := p.r.Buckets
	if b == nil {
		return
	}
	text := term.Count(b.Dirty) + " to publish"
	if b.Oldest != nil {
		var list []string
		for _, period := range bucket.Periods {
			if n := b.ByPeriod[period]; n > 0 {
				list = append(list, fmt.Sprintf("%s %s", period, term.Count(n)))
			}
		}
		text += fmt.Sprintf(" (%s), the oldest (%s) changed %s ago", strings.Join(list, ", "), *b.Oldest, span(b.Lag))
	}
	p.Fact("buckets", text)
}

func (p *page) publisher() {
	if l := p.r.Publisher; l != nil {
		p.Fact("publisher", "on", term.Clean(l.Host)+", process", term.Clean(l.PID))
	} else if p.r.Buckets != nil {
		p.Fact("publisher", "none is active")
	}
}

func (p *page) feed() {
	f := p.r.Feed
	if f == nil {
		return
	}
	words := []string{term.Clean(f.Status)}
	if f.Seq != nil {
		words = append(words, fmt.Sprintf("seq %d", *f.Seq))
	}
	if f.Age != nil {
		words = append(words, "published "+span(*f.Age)+" ago")
	} else if f.Target == nil {
		words = append(words, "last published: give --target to see it")
	}
	if f.Totals != nil {
		words = append(words, term.Count(sum(f.Totals))+" published")
	}
	if f.Target != nil {
		words = append(words, term.Clean(*f.Target))
	}
	p.Fact("feed", strings.Join(words, ", "))
	if f.Message != nil {
		p.Fact("", "  message: "+term.Clean(*f.Message))
	}
}

func (p *page) geoip() {
	if g := p.r.GeoIP; g != nil {
		text := term.Clean(g.Type) + " of " + term.Clean(g.Built)
		if g.Age != nil {
			text += fmt.Sprintf(", %.0f days old", *g.Age)
		}
		p.Fact("geoip", text)
	}
}

func (p *page) spool() {
	if s := p.r.Spool; s != nil {
		p.Fact("spool", fmt.Sprintf("%s, %s, %s", term.Many(s.Segments, "segment", "segments"), term.Bytes(s.Bytes), term.Clean(s.Dir)))
	}
}

func (p *page) redis() {
	r := p.r.Redis
	if r == nil {
		return
	}
	memory := term.Bytes(r.Memory)
	if r.MaxMemory > 0 {
		memory += " of " + term.Bytes(r.MaxMemory)
	}
	log := p.Paint(term.Warn, "no append-only file")
	if r.AppendOnly {
		log = "append-only file"
		if r.AppendFsync != nil {
			log += ", fsync " + term.Clean(*r.AppendFsync)
		}
		if r.Rewriting {
			log += ", being rewritten"
		}
	}
	words := []string{term.Clean(r.Version), memory, log, "up " + span(float64(r.Uptime))}
	if r.Replicas > 0 {
		words = append(words, term.Many(r.Replicas, "replica", "replicas"))
	}
	p.Fact("redis", strings.Join(append(words, term.Clean(r.URL)), ", "))
}

func (p *page) daemons() {
	title := "daemons"
	for _, d := range p.r.Daemons {
		state := p.Paint(term.Good, "ready")
		if !d.Ready {
			state = p.Paint(term.Bad, cmp.Or(d.Says, "not ready"))
		}
		p.Fact(title, term.Pad(cmp.Or(d.Name, "?"), 10), term.Clean(d.URL)+",", state)
		title = ""
	}
}
