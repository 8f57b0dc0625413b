// Command page builds, serves and uploads Glow's static live map.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/urfave/cli/v2"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal kills
	if err := app().RunContext(ctx, os.Args); err != nil {
		fmt.Fprintf(os.Stderr, "page: %v\n", err)
		os.Exit(exitCode(err))
	}
}

func app() *cli.App {
	return &cli.App{
		Name:            "page",
		Usage:           "build, serve and upload Glow's live map",
		HideHelpCommand: true,
		OnUsageError:    func(_ *cli.Context, err error, _ bool) error { return usage{err} },
		ExitErrHandler:  func(*cli.Context, error) {},
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return usage{fmt.Errorf("unknown command %q: want build, serve or sync", c.Args().First())}
			}
			return cli.ShowAppHelp(c)
		},
		Commands: []*cli.Command{
			command("build", "write the page to a directory", build, outFlag, singleFlag),
			command("serve", "serve the page, and a feed in a directory", serve, listenFlag),
			command("sync", "upload the page with the right headers", syncPage, targetFlag, endpointFlag, dryRunFlag, pruneFlag),
		},
	}
}
