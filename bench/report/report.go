// Package report gathers what was measured, and writes it as a table for
// people and as JSON to be compared between commits.
package report

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// Sample is one run of a case.
type Sample struct {
	Events int
	Wall   time.Duration
	CPU    time.Duration    // of all processes
	Memory map[string]int64 // most bytes resident, by process
	Note   string
}

// Case is all runs of a case; the figures are their medians.
type Case struct {
	Group, Name     string
	Runs, Events    int
	EventsPerSecond float64
	CPUPerMillion   float64          // seconds; 0 if not measured
	Memory          map[string]int64 `json:",omitempty"` // most of all runs
	Spread          float64          // of the CPU seconds: (max − min) / median
	Note            string           `json:",omitempty"`
}

// Fact is a figure that is no throughput.
type Fact struct{ Group, Name, Value string }

// Report is one run of the benchmark.
type Report struct {
	Commit, Machine, Database, Mode, Time string

	Cases []*Case
	Facts []Fact

	samples map[string][]Sample
}

func key(group, name string) string { return group + "|" + name }

// Add adds a run.
func (r *Report) Add(group, name string, s Sample) {
	if r.samples == nil {
		r.samples = map[string][]Sample{}
	}
	k := key(group, name)
	if r.samples[k] == nil {
		r.Cases = append(r.Cases, &Case{Group: group, Name: name})
	}
	r.samples[k] = append(r.samples[k], s)
	i := slices.IndexFunc(r.Cases, func(c *Case) bool { return c.Group == group && c.Name == name })
	r.Cases[i].sum(r.samples[k])
}

// Fact adds a figure.
func (r *Report) Fact(group, name, format string, args ...any) {
	r.Facts = append(r.Facts, Fact{group, name, fmt.Sprintf(format, args...)})
}

// Case returns a case, nil if there is none.
func (r *Report) Case(group, name string) *Case {
	for _, c := range r.Cases {
		if c.Group == group && c.Name == name {
			return c
		}
	}
	return nil
}

func (c *Case) sum(all []Sample) {
	var rates, costs []float64
	c.Runs, c.Memory = len(all), map[string]int64{}
	for _, s := range all {
		rates = append(rates, float64(s.Events)/s.Wall.Seconds())
		costs = append(costs, s.CPU.Seconds()/float64(s.Events)*1e6)
		c.Events, c.Note = s.Events, s.Note
		for name, n := range s.Memory {
			c.Memory[name] = max(c.Memory[name], n)
		}
	}
	c.EventsPerSecond, c.CPUPerMillion = median(rates), median(costs)
	c.Spread = (slices.Max(costs) - slices.Min(costs)) / max(c.CPUPerMillion, 1e-9)
}

func median[T cmp.Ordered](list []T) T {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[len(sorted)/2]
}

// Table writes everything; ratios are to the CPU seconds of the case named as
// base in its group.
func (r *Report) Table(w io.Writer, baseGroup, baseName string) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	base := r.Case(baseGroup, baseName)
	group := ""
	for _, c := range r.Cases {
		if c.Group != group {
			group = c.Group
			fmt.Fprintf(t, "\n%s\tevents/s\tCPU s/M\t×\tMB at most\t\n", strings.ToUpper(group))
		}
		ratio := ""
		if base != nil && base.CPUPerMillion > 0 {
			ratio = fmt.Sprintf("%.2g", c.CPUPerMillion/base.CPUPerMillion)
			if c.CPUPerMillion/base.CPUPerMillion >= 10 {
				ratio = fmt.Sprintf("%.0f", c.CPUPerMillion/base.CPUPerMillion)
			}
		}
		fmt.Fprintf(t, "  %s\t%s\t%s\t%s\t%s\t%s\n", c.Name, Thousands(int(c.EventsPerSecond)), cost(c.CPUPerMillion), ratio, memory(c.Memory), c.Note)
	}
	for _, f := range r.Facts {
		if f.Group != group {
			group = f.Group
			fmt.Fprintf(t, "\n%s\n", strings.ToUpper(group))
		}
		fmt.Fprintf(t, "  %s\t%s\n", f.Name, f.Value)
	}
	return t.Flush()
}

func cost(seconds float64) string {
	if seconds < 10 {
		return fmt.Sprintf("%.3f", seconds)
	}
	return fmt.Sprintf("%.1f", seconds)
}

func memory(m map[string]int64) string {
	var list []string
	for _, name := range slices.Sorted(maps.Keys(m)) {
		list = append(list, fmt.Sprintf("%s %d", name, m[name]>>20))
	}
	return strings.Join(list, ", ")
}

// Thousands writes a number with commas.
func Thousands(n int) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Save writes the report as JSON into a folder, named by commit and mode.
func (r *Report) Save(dir string) (path string, err error) {
	text, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	path = filepath.Join(dir, r.Commit+"-"+r.Mode+".json")
	return path, os.WriteFile(path, append(text, '\n'), 0o644)
}
