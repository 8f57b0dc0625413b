package main

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/glowmap/glow/archiver/ledger"
	"github.com/glowmap/glow/internal/bucket"
	"github.com/glowmap/glow/internal/daemon"
)

func commands() []daemon.Command {
	return []daemon.Command{
		{
			Name:  "off",
			Usage: "ends archiving: what is counted from now on is not kept",
			Description: `What was counted until now is still archived by the running archiver. Until
"archiver on" is run, what is counted is missing in the archive, which keeps
account of that by type and date.`,
			Run: runOff,
		},
		{
			Name:  "on",
			Usage: "begins archiving again after \"archiver off\"",
			Run:   runOn,
		},
		importCommand(),
		catCommand(),
		filesCommand(),
	}
}

func runOff(ctx context.Context, d *daemon.Daemon, _ *cli.Context) error {
	was, err := ledger.New(d.Redis, d.Keys, "").Stop(ctx)
	if err != nil {
		return err
	}
	if was {
		fmt.Fprintln(d.Stdout, "archiving is off: what is counted from now on is not kept")
	} else {
		fmt.Fprintln(d.Stdout, "archiving was off already")
	}
	return nil
}

func runOn(ctx context.Context, d *daemon.Daemon, _ *cli.Context) error {
	if _, _, err := ledger.New(d.Redis, d.Keys, "").Begin(ctx, bucket.NewToken().String(), true); err != nil {
		return err
	}
	fmt.Fprintln(d.Stdout, "archiving is on: a running archiver keeps what is counted from now on")
	return nil
}
