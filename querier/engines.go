package main

import (
	"context"
	"errors"
	"os"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/internal/daemon"
	"github.com/glowmap/glow/querier/catalog"
	"github.com/glowmap/glow/querier/engine"
	"github.com/glowmap/glow/querier/engine/clickhouse"
)

// embedded is the engine within this process.
const embedded = "duckdb"

// passwordVar is where a server's password may stand, besides a file: never on
// a command line, which everybody on the machine can read.
const passwordVar = "GLOW_ENGINE_PASSWORD"

func engineFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "engine", Value: embedded, Usage: "what answers: " + embedded + ", in this process, or a server, clickhouse://[USER@]HOST:PORT/DATABASE (its HTTP port; ?tls=1 for HTTPS)"},
		&cli.StringFlag{Name: "engine-password-file", Usage: "`FILE` with the server's password (or " + passwordVar + " has it)"},
	}
}

// checkEngine says what is wrong with the settings of the engine.
func checkEngine(c *cli.Context) error {
	name := c.String("engine")
	if name == embedded {
		return nil
	}
	err := clickhouse.Check(name)
	if !strings.HasPrefix(name, "clickhouse:") {
		err = errors.New("want " + embedded + ", or clickhouse://[USER@]HOST:PORT/DATABASE")
	}
	_, errFile := password(c)
	return errors.Join(daemon.Setting("engine", err), daemon.Setting("engine-password-file", errFile))
}

func password(c *cli.Context) (string, error) {
	path := c.String("engine-password-file")
	if path == "" {
		return os.Getenv(passwordVar), nil
	}
	text, err := os.ReadFile(path)
	return strings.TrimRight(string(text), "\r\n"), err
}

// openEngine makes an engine. It waits for a server that is away.
func openEngine(ctx context.Context, d *daemon.Daemon, c *cli.Context, files *catalog.Catalog, l engine.Limits) (engine.Engine, error) {
	if c.String("engine") == embedded {
		return engine.OpenDuckDB(files, l)
	}
	secret, err := password(c)
	if err != nil {
		return nil, daemon.Setting("engine-password-file", err)
	}
	outage := d.Outage("the engine")
	for {
		e, err := clickhouse.Open(ctx, clickhouse.Options{URL: c.String("engine"), Password: secret, Memory: l.Memory, Files: files, Log: d.Log})
		if err == nil {
			outage.Over()
			return e, nil
		}
		if err := outage.Wait(ctx, err); err != nil {
			return nil, err
		}
	}
}

// keeper is an engine that has rows of its own.
type keeper interface {
	Keep(ctx context.Context, files []archive.File) error
}

// again is how often an engine looks for what it may drop, though nothing is new.
const again = 10 * time.Minute

// keep has an engine load what the archive has, if it needs that.
func keep(ctx context.Context, d *daemon.Daemon, e engine.Engine, files *catalog.Catalog, every time.Duration) {
	k, ok := e.(keeper)
	if !ok {
		return
	}
	outage := d.Outage("the engine")
	last, at := "", time.Time{}
	for ctx.Err() == nil {
		if s := files.Current(); s != nil && (s.Version != last || time.Since(at) > again) {
			if err := k.Keep(ctx, s.Manifest.Files); err != nil {
				_ = outage.Wait(ctx, err) // the loop ends with ctx
				continue
			}
			outage.Over()
			last, at = s.Version, time.Now()
		}
		_ = daemon.Sleep(ctx, every)
	}
}
