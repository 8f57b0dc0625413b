package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/glowmap/glow/internal/daemon"
	"github.com/glowmap/glow/internal/keys"
	"github.com/glowmap/glow/publisher/counts"
	"github.com/glowmap/glow/publisher/setup"
	"github.com/glowmap/glow/publisher/store"
	"github.com/glowmap/glow/publisher/task"
)

func commands() []daemon.Command {
	return []daemon.Command{
		{
			Name:  "setup",
			Usage: "makes an S3 bucket ready for the feed and checks it",
			Description: `Creates the bucket where it is missing, lets browsers of other origins read (CORS),
has 10s snapshots expire after two days and, with --public, lets everybody read
the feed and nothing else. Then it reads as a browser would. A second run
confirms and changes nothing.`,
			Flags: append(targetFlags(),
				&cli.StringFlag{Name: "cors-origins", Value: "*", Usage: "`ORIGINS` whose pages may read, separated by commas"},
				&cli.BoolFlag{Name: "public", Usage: "let everybody read the feed from the bucket, without a CDN"},
				&cli.BoolFlag{Name: "dry-run", Usage: "say what would be changed, change nothing"}),
			Run: runSetup,
		},
		{
			Name:  "reset",
			Usage: "begins the feed anew, to count everything again from the logs",
			Description: `Deletes in one step all that Redis holds of this namespace but its settings, and
takes a new feed id, with which the publisher may overwrite the feed at the
target. Without --yes it only shows what it would do.`,
			Flags: append(targetFlags(),
				&cli.BoolFlag{Name: "yes", Usage: "do it"},
				&cli.BoolFlag{Name: "prune", Usage: "delete the old feed's files from the target too"}),
			Run: runReset,
		},
		{
			Name:  "announce",
			Usage: "sets the status and the message that the page shows",
			Flags: []cli.Flag{
				&cli.StringFlag{Name: "status", Usage: "live, paused or ended"},
				&cli.StringFlag{Name: "message", Usage: "one line of text; without it an earlier message goes"},
			},
			Run: runAnnounce,
		},
	}
}

func runSetup(ctx context.Context, d *daemon.Daemon, c *cli.Context) error {
	bucket, prefix, errTarget := store.ParseS3(c.String("target"))
	origins, errOrigins := setup.Origins(c.String("cors-origins"))
	errEndpoint := store.CheckEndpoint(c.String("s3-endpoint"))
	err := errors.Join(daemon.Setting("target", errTarget), daemon.Setting("cors-origins", errOrigins), daemon.Setting("s3-endpoint", errEndpoint))
	if err != nil {
		return err
	}
	client, region, err := store.NewClient(ctx, store.Options{Endpoint: c.String("s3-endpoint")})
	if err != nil {
		return err
	}
	s := setup.Setup{
		Client: client, Bucket: bucket, Prefix: prefix, Region: region, Origins: origins,
		Public: c.Bool("public"), DryRun: c.Bool("dry-run"), Out: d.Stdout,
	}
	return s.Run(ctx)
}

func runReset(ctx context.Context, d *daemon.Daemon, c *cli.Context) error {
	r := task.Reset{Counts: counts.New(d.Redis, d.Keys), Prune: c.Bool("prune"), Out: d.Stdout}
	if c.String("target") != "" {
		target, err := openTarget(ctx, c)
		if err != nil {
			return err
		}
		r.Target = target
	}
	if !c.Bool("yes") {
		return r.Show(ctx)
	}
	return r.Run(ctx)
}

func runAnnounce(ctx context.Context, d *daemon.Daemon, c *cli.Context) error {
	status, message := c.String("status"), c.String("message")
	err := errors.Join(daemon.Setting("status", task.CheckStatus(status)), daemon.Setting("message", task.CheckMessage(message)))
	if err != nil {
		return err
	}
	if err := counts.New(d.Redis, d.Keys).Set(ctx, keys.MetaStatus, status, keys.MetaMessage, message); err != nil {
		return err
	}
	fmt.Fprintf(d.Stdout, "announced: %s %s\n", status, message)
	return nil
}
