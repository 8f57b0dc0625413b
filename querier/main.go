// Command querier answers questions about an archive over HTTP: counts of any
// events, by any dimension, as JSON or CSV. It only reads.
package main

import (
	"context"
	"errors"
	"net"

	"github.com/urfave/cli/v2"

	"github.com/glowmap/glow/internal/daemon"
)

func main() { daemon.Main(app()) }

func app() daemon.App {
	return daemon.App{
		Name:  "querier",
		Usage: "answers questions about the archive over HTTP",
		Description: "The archive is what the archiver writes. Without a token there is what --public-types,\n" +
			"--public-dimensions and --min-count let everybody see; \"querier token\" makes tokens for all\n" +
			"else. Its page, /, says how to ask. It never writes to the archive, and needs no Redis.",
		Flags: flags(), AdminAddr: "127.0.0.1:9406", NoRedis: true,
		Check: check, Run: run, Commands: []daemon.Command{modelsCommand(), siteCommand(), tokenCommand()},
	}
}

func check(c *cli.Context) error {
	_, err := readSettings(c)
	return err
}

// run opens what check could only look at.
func run(ctx context.Context, d *daemon.Daemon, c *cli.Context) error {
	set, err := readSettings(c)
	if err != nil {
		return err
	}
	l, errListen := net.Listen("tcp", c.String("query-listen"))
	if errListen == nil {
		defer l.Close()
	}
	files, readable, errCatalog := openCatalog(c, set)
	state, errState := openState(c)
	if err := errors.Join(daemon.Setting("query-listen", errListen), errCatalog, errState); err != nil {
		return err
	}
	set.limits.Folders = readable
	return serve(ctx, d, c, set, files, state, l)
}
