// Package measure runs Glow, what others have for the same counts, and the
// machine's limits on the same log, and reports what each of them costs.
package measure

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/glowmap/glow/bench/day"
	"github.com/glowmap/glow/bench/proc"
	"github.com/glowmap/glow/bench/report"
	"github.com/glowmap/glow/bench/tally"
	"github.com/glowmap/glow/internal/keys"
)

// Options say what to measure with.
type Options struct {
	Bin    string // folder with Glow's programs
	Redis  string // file with Redis's settings
	GeoIP  string // City database
	Dir    string // for logs and everything else
	Cache  string // for what takes long to make; may be ""
	Self   string // this program, to be run in other roles
	Lines  int    // of the log; 0: the whole day
	Sample int    // lines for what is slow
	Events int    // of an archive
	Log    io.Writer
}

// Bench measures.
type Bench struct {
	Options
	Report *report.Report

	log, shuffled string // logs
	tally         *tally.Tally
	began         time.Time
}

// keySpace is the default namespace's.
var keySpace, _ = keys.New("glow")

// New writes the logs and counts them independently.
func New(o Options, r *report.Report) (*Bench, error) {
	b := &Bench{Options: o, Report: r, began: time.Now()}
	if b.Lines == 0 {
		b.Lines = day.Lines
	}
	b.log, b.shuffled = b.file("day.log"), b.file("shuffled.log")
	b.say("writing the log: %s lines", report.Thousands(b.Lines))
	if err := day.Write(b.log, day.Options{Lines: b.Lines}); err != nil {
		return nil, err
	}
	if err := day.Shuffle(b.log, b.shuffled); err != nil {
		return nil, err
	}
	for format, n := range map[string]int{"glow": b.Sample, "combined": b.Sample, "json": b.Sample} {
		if err := day.Sample(b.log, b.sample(format), format, n); err != nil {
			return nil, err
		}
	}
	if err := day.Sample(b.log, b.file("million.combined"), "combined", 10*b.Sample); err != nil {
		return nil, err
	}
	if err := day.Sample(b.log, b.file("million.json"), "json", 10*b.Sample); err != nil {
		return nil, err
	}
	b.say("counting it independently")
	var err error
	b.tally, err = tally.Read(b.log, b.GeoIP)
	return b, err
}

func (b *Bench) file(name string) string { return filepath.Join(b.Dir, name) }

// sample is the log of a format for what is slow.
func (b *Bench) sample(format string) string { return b.file("sample." + format) }

func (b *Bench) say(format string, args ...any) {
	fmt.Fprintf(b.Log, "%6.1f s  %s\n", time.Since(b.began).Seconds(), fmt.Sprintf(format, args...))
}

// Case is something to measure.
type Case struct {
	Group, Name string
	Run         func(context.Context) (report.Sample, error)
}

// Rounds runs all cases in turn, so many times, so that what disturbs the
// machine disturbs all of them alike.
func (b *Bench) Rounds(ctx context.Context, rounds int, cases []Case) error {
	for round := range rounds {
		for _, c := range cases {
			s, err := c.Run(ctx)
			if err != nil {
				return fmt.Errorf("%s: %w", c.Name, err)
			}
			if s.Events == 0 { // absent, as its note says
				if round == 0 {
					b.Report.Fact("absent", c.Name, "%s", s.Note)
				}
				continue
			}
			b.Report.Add(c.Group, c.Name, s)
			b.say("round %d of %d: %s: %s events/s, %.3f CPU s/M", round+1, rounds, c.Name,
				report.Thousands(int(float64(s.Events)/s.Wall.Seconds())), s.CPU.Seconds()/float64(s.Events)*1e6)
		}
	}
	return nil
}

// program is the path of one of Glow's programs.
func (b *Bench) program(name string) string { return filepath.Join(b.Bin, name) }

// redis starts a Redis of its own.
func (b *Bench) redis() (*proc.Redis, error) { return proc.StartRedis(b.Dir, b.Redis) }

// daemon starts one of Glow's.
func (b *Bench) daemon(r *proc.Redis, name string, args ...string) (*proc.Process, error) {
	return proc.Start(b.Dir, b.program(name), append([]string{"--redis-url", r.URL(), "--admin-addr", "off"}, args...)...)
}

// used adds up what processes have used.
func used(list ...*proc.Process) (d time.Duration) {
	for _, p := range list {
		d += p.CPU()
	}
	return d
}

// costs is what processes have used by name.
type costs map[string]time.Duration

func each(list ...*proc.Process) costs {
	c := costs{}
	for _, p := range list {
		c[p.Name] += p.CPU()
	}
	return c
}

func (c costs) sum() (d time.Duration) {
	for _, one := range c {
		d += one
	}
	return d
}

// since writes what each has used for so many events since before.
func (c costs) since(before costs, events int) string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(c)) {
		list = append(list, fmt.Sprintf("%s %.3f", name, (c[name]-before[name]).Seconds()/float64(events)*1e6))
	}
	return "CPU s/M: " + strings.Join(list, ", ")
}

// peaks is the memory of processes by name.
func peaks(list ...*proc.Process) map[string]int64 {
	m := map[string]int64{}
	for _, p := range list {
		m[p.Name] = max(m[p.Name], p.Peak())
	}
	return m
}

// fresh makes an empty folder.
func (b *Bench) fresh(name string) (string, error) {
	return os.MkdirTemp(b.Dir, name+"-")
}
