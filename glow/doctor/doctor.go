// Package doctor looks for what a machine, a Redis and a target lack for
// Glow's guarantees. It changes nothing, but for one probe file in the spool
// and in the target each, which it deletes again; without these if it is told
// to read only.
package doctor

import (
	"context"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/glowmap/glow/glow/etc"
	"github.com/glowmap/glow/glow/term"
	"github.com/glowmap/glow/internal/keys"
)

// Level is how bad a finding is.
type Level string

// The levels, in ascending order.
const (
	OK      Level = "ok"
	Note    Level = "note"    // worth knowing
	Warning Level = "warning" // a guarantee is weaker than it could be
	Error   Level = "error"   // something does not work, or will lose events
)

var levels = []Level{OK, Note, Warning, Error}

// Finding is one thing that was looked at.
type Finding struct {
	Check string `json:"check"` // stable, for programs
	Level Level  `json:"level"`
	What  string `json:"what"`
	Means string `json:"means"` // "" if all is well
	Do    string `json:"do"`
}

// Report is all that was found. Its JSON is promised: fields may be added, but
// none goes or changes its meaning.
type Report struct {
	Version  int       `json:"v"`
	Time     time.Time `json:"time"`
	Worst    Level     `json:"worst"`
	Findings []Finding `json:"findings"`
}

// Options say what to look at. What is empty is left out.
type Options struct {
	Redis     *redis.Client // of rdb.OpenReader
	URL       string        // of Redis, without secrets
	Local     bool          // it is on this host
	Namespace string
	Keys      keys.Keys

	Logs       []string // paths and globs
	TailerUser string   // "" : as in our unit
	Survive    time.Duration
	Spool      string
	GeoIP      string

	Target   string
	Endpoint string // of S3
	ReadOnly bool

	Etc    string // folder of the environment files
	Files  etc.Settings
	Denied []string // environment files that cannot be read
	Root   string   // under which configuration is looked for
}

type doctor struct {
	Options
	Report
	ctx    context.Context
	config map[string]string // of Redis, nil if it is not told
	info   map[string]string
}

// Examine looks at everything.
func Examine(ctx context.Context, o Options) *Report {
	d := &doctor{Options: o, Report: Report{Version: 1, Time: time.Now().UTC(), Worst: OK, Findings: []Finding{}}, ctx: ctx}
	for _, part := range []func(){d.redis, d.host, d.logs, d.spool, d.geoip, d.target, d.querier, d.environment} {
		part()
	}
	return &d.Report
}

func (d *doctor) add(check string, level Level, what, means, do string) {
	d.Findings = append(d.Findings, Finding{check, level, term.Clean(what), means, do})
	if slices.Index(levels, level) > slices.Index(levels, d.Worst) {
		d.Worst = level
	}
}

func (d *doctor) ok(check, what string)                { d.add(check, OK, what, "", "") }
func (d *doctor) note(check, what, means, do string)   { d.add(check, Note, what, means, do) }
func (d *doctor) warn(check, what, means, do string)   { d.add(check, Warning, what, means, do) }
func (d *doctor) refuse(check, what, means, do string) { d.add(check, Error, what, means, do) }

// within is a context for one neighbour's answer.
func (d *doctor) within(t time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(d.ctx, t)
}

// Text is the report for people: what is well in short lines, all else with
// what it means and what to do.
func (r *Report) Text(colours bool) string {
	p := &term.Page{Colours: colours}
	colour := map[Level]term.Colour{OK: term.Good, Note: term.Bold, Warning: term.Warn, Error: term.Bad}
	count := map[Level]int{}
	for _, f := range r.Findings {
		count[f.Level]++
		p.Line(p.Paint(colour[f.Level], term.Pad(string(f.Level), 7)), term.Pad(f.Check, 18), f.What)
		if f.Means != "" {
			p.Line(term.Pad("", 26), "means:", f.Means)
			p.Line(term.Pad("", 26), "do:   ", f.Do)
		}
	}
	p.Line()
	p.Line("glow doctor:", term.Many(count[Error], "error,", "errors,"), term.Many(count[Warning], "warning,", "warnings,"), term.Many(count[Note], "note,", "notes,"), term.Count(count[OK]), "well")
	return p.String()
}
