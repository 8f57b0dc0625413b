package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/glowmap/glow/archiver/imports"
	"github.com/glowmap/glow/archiver/store"
	"github.com/glowmap/glow/internal/daemon"
	"github.com/glowmap/glow/tailer/lineflag"
)

func importCommand() daemon.Command {
	return daemon.Command{
		Name:      "import",
		Usage:     "queues logs that were written elsewhere or long ago, each line once",
		ArgsUsage: "FILE|FOLDER|s3://BUCKET/PREFIX…",
		Description: `Takes log files, plain, .gz or .zst, folders of them and objects of S3 into the
queue, in the order of their events. What is imported is known by its content:
under whatever name, on whatever machine, compressed or not, it counts once. A
second run skips it; after a kill the next run goes on where it was. What a
tailer has read is left out. Head lines of CSV and CloudFront are found in each
file. --dry-run shows all that without doing it.`,
		Flags: append(lineflag.Flags(),
			&cli.BoolFlag{Name: "dry-run", Usage: "say what would be imported and show some of it, change nothing"},
			&cli.BoolFlag{Name: "force", Usage: "open also what was imported before; what is counted of it is not counted again"},
			&cli.IntFlag{Name: "max-queue", Value: imports.DefaultMaxQueue, Usage: "wait while the queue has this many entries (of up to 1000 events)"},
			&cli.StringFlag{Name: "s3-endpoint", Usage: "`URL` of an S3-compatible store other than AWS"}),
		Run: runImport,
	}
}

func runImport(ctx context.Context, d *daemon.Daemon, c *cli.Context) error {
	o, err := importOptions(c)
	if err != nil {
		return err
	}
	inputs, err := imports.Find(ctx, c.Args().Slice(), store.Options{Endpoint: c.String("s3-endpoint")})
	if err != nil {
		return err
	}
	im := imports.New(d, o)
	files, err := im.Plan(ctx, inputs)
	if err != nil {
		return err
	}
	if c.Bool("dry-run") {
		imports.Show(d.Stdout, files, o.Force)
		return nil
	}
	err = im.Run(ctx, files)
	fmt.Fprintf(d.Stderr, "%s: import: %s\n", d.Name, im.Summary())
	return err
}

// importOptions reads the flags, and reports all that are wrong at once.
func importOptions(c *cli.Context) (imports.Options, error) {
	lines, err := lineflag.Read(c)
	errs := []error{err}
	if lines.Format != "csv" || lines.Header != "" { // else each file says it
		errs = append(errs, lineflag.Check(lines))
	}
	if c.Int("max-queue") < 1 {
		errs = append(errs, daemon.Setting("max-queue", errors.New("want 1 or more")))
	}
	if e := c.String("s3-endpoint"); e != "" {
		errs = append(errs, daemon.Setting("s3-endpoint", store.CheckEndpoint(e)))
	}
	if !c.Args().Present() {
		errs = append(errs, daemon.Usagef("nothing to import: name files, folders or s3://BUCKET/PREFIX, as in archiver import --format combined /var/log/nginx"))
	}
	return imports.Options{Parse: lines, Force: c.Bool("force"), MaxQueue: c.Int("max-queue")}, errors.Join(errs...)
}
