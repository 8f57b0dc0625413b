package measure

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/glowmap/glow/bench/proc"
	"github.com/glowmap/glow/bench/report"
	"github.com/glowmap/glow/bench/role"
)

// Limits are the cases of what the machine can do at best.
func (b *Bench) Limits() []Case {
	const group = groupLimits
	locate := func(name string) func(context.Context) (report.Sample, error) {
		return func(context.Context) (report.Sample, error) { return b.role(name, b.GeoIP, b.log) }
	}
	return []Case{
		{group, "wc -l", func(context.Context) (report.Sample, error) { return b.command(b.Lines, "wc", "-l", b.log) }},
		{group, "splitting lines (Go)", func(context.Context) (report.Sample, error) { return b.role("split", b.log) }},
		{group, "parse and look up alone, maxminddb, a thread a core", locate("library")},
		{group, "parse and look up alone, Glow's table, a thread a core", locate("locate")},
		{group, "HINCRBY an event, pipelined", func(context.Context) (report.Sample, error) { return b.commands("hincrby") }},
		{group, "XADD an event, pipelined", func(context.Context) (report.Sample, error) { return b.commands("xadd") }},
	}
}

// Followers are the cases of libraries that follow a log, at their fastest.
func (b *Bench) Followers() []Case {
	const group = "following a log"
	follow := func(name string) func(context.Context) (report.Sample, error) {
		return func(context.Context) (report.Sample, error) {
			return b.role(name, b.file("million.combined"), strconv.Itoa(lines(b.file("million.combined"))), "0")
		}
	}
	return []Case{
		{group, "hpcloud/tail v1.0.0: read only", follow("hpcloud")},
		{group, "nxadm/tail v1.4.11: read only", follow("nxadm")},
	}
}

// command measures a program that does n events.
func (b *Bench) command(n int, name string, args ...string) (report.Sample, error) {
	start := time.Now()
	p, err := proc.Start(b.Dir, name, args...)
	if err != nil {
		return report.Sample{}, err
	}
	err = p.Wait()
	return report.Sample{Events: n, Wall: time.Since(start), CPU: p.CPU(), Memory: peaks(p)}, err
}

// role measures this program in another role.
func (b *Bench) role(name string, args ...string) (report.Sample, error) {
	p, err := proc.Start(b.Dir, b.Self, append([]string{"role", name}, args...)...)
	if err != nil {
		return report.Sample{}, err
	}
	if err := p.Wait(); err != nil {
		return report.Sample{}, err
	}
	r, err := role.Read(p.Output())
	return report.Sample{Events: r.Events, Wall: r.Wall, CPU: r.CPU, Memory: map[string]int64{name: p.Peak()}}, err
}

// commands measures a role that sends commands to a Redis.
func (b *Bench) commands(name string) (s report.Sample, err error) {
	r, err := b.redis()
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	before := r.CPU()
	s, err = b.role(name, strings.TrimPrefix(r.URL(), "unix://"), strconv.Itoa(2*b.Sample))
	s.CPU += r.CPU() - before
	return s, err
}
