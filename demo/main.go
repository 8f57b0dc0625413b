// Demo shows all of Glow on one machine that has nothing but Go: the real
// daemons, a Redis and an S3 of its own, a launch day's log, and the page.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/urfave/cli/v2"
)

const description = `Starts everything and opens nothing outside this machine: a Redis (the installed
redis-server, else one in memory), an S3 store in memory, the real tailer,
sharehook, geoworker and publisher, a program that writes the log of a launch
day, a web server with the page, and, where they were built, archiver and querier
with the dashboard. Once a second it says what flows: lines
written, batches queued, events counted, events published, and how far behind
the published numbers are.

Try to break it: kill -9 any daemon while it runs. At the end (Ctrl-C) the demo
waits until everything is counted and compares: every line must have been
counted or dropped exactly once, and the feed must say so too. A second Ctrl-C
ends it at once.

Each part can be replaced by a real one:
   demo --redis-url redis://127.0.0.1:6379
   demo --s3-endpoint http://127.0.0.1:9000 --target s3://bucket/prefix
   demo --geoip GeoLite2-City.mmdb
   demo --log /var/log/nginx/access.log --format combined`

func main() {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	ctx, stop := context.WithCancelCause(context.Background())
	hard := make(chan struct{})
	go func() {
		stop(fmt.Errorf("%v", <-signals))
		<-signals
		close(hard)
	}()
	err := app(os.Stdout, os.Stderr, hard).RunContext(ctx, os.Args)
	if err == nil {
		return
	}
	fmt.Fprintln(os.Stderr, "demo:", err)
	if errors.As(err, new(usage)) {
		fmt.Fprintln(os.Stderr, `See "demo --help".`)
		os.Exit(2)
	}
	os.Exit(1)
}

// usage is a mistake of whoever typed the command; it ends in exit status 2.
type usage struct{ error }

func app(stdout, stderr io.Writer, hard <-chan struct{}) *cli.App {
	return &cli.App{
		Name:            "demo",
		Usage:           "all of Glow on this machine, until Ctrl-C",
		UsageText:       "demo [options]",
		Description:     description,
		HideHelpCommand: true,
		HideVersion:     true,
		Flags:           flags(),
		Writer:          stdout,
		ErrWriter:       stderr,
		ExitErrHandler:  func(*cli.Context, error) {}, // main decides
		OnUsageError:    func(_ *cli.Context, err error, _ bool) error { return usage{err} },
		Action: func(c *cli.Context) error {
			o, err := parse(c)
			if err != nil {
				return usage{err}
			}
			return (&demo{options: o, out: stdout, notes: stderr, hard: hard}).run(c.Context)
		},
	}
}
