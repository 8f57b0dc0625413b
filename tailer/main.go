// Tailer follows log files and queues an event for each line that counts, each
// exactly once.
package main

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/glowmap/glow/internal/daemon"
	"github.com/glowmap/glow/internal/rdb"
	"github.com/glowmap/glow/tailer/intake"
	"github.com/glowmap/glow/tailer/push"
)

func main() {
	daemon.Main(daemon.App{
		Name:      "tailer",
		Usage:     "follow log files and queue an event for each line that counts",
		ArgsUsage: "FILE…",
		Description: "Each FILE is a log file or a glob (in quotes). Rotated files are read to their end, and after a\n" +
			"stop of any length reading goes on where it was, so every line is queued exactly once.",
		Once:      "read to the end of all files, wait until that is on Redis's disk, then exit",
		AdminAddr: "127.0.0.1:9401",
		Scripts:   []*rdb.Script{push.Script},
		Flags:     flags(),
		Check:     check,
		Run:       run,
	})
}

func check(c *cli.Context) error {
	_, err := options(c)
	return err
}

func run(ctx context.Context, d *daemon.Daemon, c *cli.Context) error {
	o, err := options(c)
	if err != nil {
		return err
	}
	o.Once = d.Once
	in, err := intake.New(d, o)
	if err != nil {
		return err
	}
	if err := in.Check(ctx); err != nil {
		return err
	}
	err = in.Run(ctx)
	if d.Once {
		fmt.Fprintf(d.Stderr, "%s: %s\n", d.Name, in.Summary())
	}
	return err
}
