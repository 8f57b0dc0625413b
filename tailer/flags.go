package main

import (
	"errors"

	"github.com/urfave/cli/v2"

	"github.com/glowmap/glow/internal/daemon"
	"github.com/glowmap/glow/tailer/intake"
	"github.com/glowmap/glow/tailer/lineflag"
	"github.com/glowmap/glow/tailer/parse"
)

func flags() []cli.Flag {
	return append(lineflag.Flags(),
		&cli.StringFlag{Name: "source", Usage: "name of where the lines come from (default: host name and path of each file)"},
		&cli.BoolFlag{Name: "from-end", Usage: "begin at the end of files that were never read before"},
		&cli.DurationFlag{Name: "grace", Value: intake.DefaultGrace, Usage: "how long a rotated file must be quiet before it counts as finished"},
		&cli.IntFlag{Name: "max-queue", Value: intake.DefaultMaxQueue, Usage: "wait while the queue has this many entries (of up to 1000 events)"},
		&cli.BoolFlag{Name: "require-durable", Usage: "with --once: fail if Redis keeps no append-only file"},
	)
}

// options reads the flags, and reports all that are wrong at once.
func options(c *cli.Context) (intake.Options, error) {
	o, err := lineflag.Read(c)
	errs := []error{err, lineflag.Check(o)}
	if c.Int("max-queue") < 1 {
		errs = append(errs, daemon.Setting("max-queue", errors.New("want 1 or more")))
	}
	if c.Duration("grace") <= 0 {
		errs = append(errs, daemon.Setting("grace", errors.New("want a duration such as 5s")))
	}
	if !c.Args().Present() {
		errs = append(errs, daemon.Usagef("no file to follow: name one or more, as in tailer --format combined /var/log/nginx/access.log"))
	}
	if err := errors.Join(errs...); err != nil {
		return intake.Options{}, err
	}
	p, err := parse.New(o)
	return intake.Options{
		Paths: c.Args().Slice(), Source: c.String("source"), Parser: p, FromEnd: c.Bool("from-end"),
		Grace: c.Duration("grace"), MaxQueue: c.Int("max-queue"), RequireDurable: c.Bool("require-durable"),
	}, err
}
