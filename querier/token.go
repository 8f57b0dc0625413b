package main

import (
	"context"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/glowmap/glow/internal/daemon"
	"github.com/glowmap/glow/querier/api"
)

func tokenCommand() daemon.Command {
	return daemon.Command{
		Name: "token", Usage: "makes a token for the internal door", ArgsUsage: "NAME",
		Description: "Writes the token to standard error, once: give it to whoever may come in. Writes the\n" +
			"line for the file of --tokens to standard output, which has its hash only:\n\n" +
			"    querier token grafana >>/etc/glow/tokens",
		Flags: []cli.Flag{&cli.StringFlag{Name: "token-types", Value: "*", Usage: "types of events that it shows, as in download,share:*"}},
		Run: func(_ context.Context, d *daemon.Daemon, c *cli.Context) error {
			if c.NArg() != 1 {
				return daemon.Usagef("want one NAME")
			}
			token, line, err := api.NewToken(c.Args().First(), c.String("token-types"))
			if err != nil {
				return daemon.Usagef("%w", err)
			}
			fmt.Fprintln(d.Stderr, token)
			_, err = fmt.Fprintln(d.Stdout, line)
			return err
		},
	}
}
