package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/glowmap/glow/bench/city"
	"github.com/glowmap/glow/bench/measure"
	"github.com/glowmap/glow/bench/report"
)

// run measures what the flags say.
func run(c *cli.Context) error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	plan, ok := plans[c.String("mode")]
	if !ok {
		return fmt.Errorf("--mode %s: see --help", c.String("mode"))
	}
	o, clean, err := options(c)
	if err != nil {
		return err
	}
	defer clean()
	o.Lines, o.Sample, o.Events = plan.lines, plan.sample, c.Int("events")
	if n := c.Int("lines"); n > 0 {
		o.Lines = n
	}
	if n := c.Int("sample"); n > 0 {
		o.Sample = n
	}
	r := &report.Report{
		Commit: commit(c), Machine: machine(), Database: filepath.Base(o.GeoIP), Mode: c.String("mode"), Time: time.Now().UTC().Format(time.RFC3339),
	}
	b, err := measure.New(o, r)
	if err != nil {
		return err
	}
	rounds := plan.rounds
	if n := c.Int("rounds"); n > 0 {
		rounds = n
	}
	if err := plan.run(ctx, b, rounds); err != nil {
		return err
	}
	b.Ratios()
	if err := print(r); err != nil {
		return err
	}
	path, err := r.Save(c.String("results"))
	fmt.Fprintln(os.Stderr, "written to", path)
	return err
}

func print(r *report.Report) error {
	fmt.Printf("%s on %s, %s, %s\n", r.Commit, r.Machine, r.Database, r.Time)
	fmt.Println("CPU s/M: processor seconds for a million events, Redis included. ×: of that, against the day with 1 worker.")
	return r.Table(os.Stdout, measure.GroupGlow, measure.TheDay)
}

// options are those of the flags, with a database and a place for files.
func options(c *cli.Context) (o measure.Options, clean func(), err error) {
	root, err := filepath.Abs(c.String("root"))
	if err != nil {
		return o, nil, err
	}
	o.Bin, err = filepath.Abs(c.String("bin"))
	if err != nil {
		return o, nil, err
	}
	if o.Self, err = os.Executable(); err != nil {
		return o, nil, err
	}
	o.Redis, o.Log, o.Dir = filepath.Join(root, "scripts", "redis.conf"), os.Stderr, c.String("dir")
	if o.Cache, err = archives(); err != nil {
		return o, nil, err
	}
	cache := filepath.Join(root, ".cache", "bench")
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return o, nil, err
	}
	o.GeoIP, err = city.Find(c.String("geoip"), cache, root, o.Bin, func(text string) { fmt.Fprintln(os.Stderr, text) })
	if err != nil {
		return o, nil, err
	}
	if o.GeoIP, err = filepath.Abs(o.GeoIP); err != nil {
		return o, nil, err
	}
	clean = func() {}
	if o.Dir == "" {
		if o.Dir, err = os.MkdirTemp("", "glow-bench-"); err != nil {
			return o, nil, err
		}
		clean = func() { os.RemoveAll(o.Dir) }
	}
	return o, clean, os.MkdirAll(o.Dir, 0o755)
}

// archives is the folder for archives: too large for a source tree.
func archives() (string, error) {
	dir, err := os.UserCacheDir()
	return filepath.Join(dir, "glow-bench"), err
}

func commit(c *cli.Context) string {
	if name := c.String("commit"); name != "" {
		return name
	}
	out, err := exec.Command("git", "-C", c.String("root"), "describe", "--tags", "--always", "--dirty").Output()
	if err != nil {
		return "unknown"
	}
	return strings.TrimSpace(string(out))
}

// machine says what this is in a few words.
func machine() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if name, ok := strings.CutPrefix(s.Text(), "model name\t: "); ok {
			return fmt.Sprintf("%d × %s", runtime.NumCPU(), name)
		}
	}
	return fmt.Sprintf("%d × %s", runtime.NumCPU(), runtime.GOARCH)
}
