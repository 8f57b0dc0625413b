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
		&cli.StringFlag{Name: "engine", Value: embedded, Usage: "what answers: " + embedded + ", in this process, or a server, clickhouse://[USER@]HOST:PORT/DATABASE (its HTTP port; ?tls=1 for HTTPS), or several, HOST:PORT,HOST:PORT/DATABASE?cluster=NAME"},
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

// engines are who answers: clients' questions, the counting of values, and models.
// Within this process each has databases of its own, so that nobody takes a
// client's turn; a server's are one, so that no file is loaded by two, and a
// client's turn is what api has of them.
type engines struct{ questions, counting, models engine.Engine }

func openEngines(c *cli.Context, d *daemon.Daemon, files *catalog.Catalog, l engine.Limits) (e engines, err error) {
	counting, models := l, l
	counting.Concurrency = 1
	models.Threads, models.Concurrency = max(1, l.Threads/2), 2
	if c.String("engine") != embedded {
		if e.questions, err = openServer(c, d, files, l); err != nil {
			return e, err
		}
		e.counting = e.questions
		if e.models, err = engine.OpenDuckDB(files, models); err != nil { // this build has none
			e.models = e.questions
		}
		return e, nil
	}
	for to, l := range map[*engine.Engine]engine.Limits{&e.questions: l, &e.counting: counting, &e.models: models} {
		if *to, err = engine.OpenDuckDB(files, l); err != nil {
			return e, errors.Join(err, e.Close())
		}
	}
	return e, nil
}

// Close closes each once.
func (e engines) Close() error {
	var errs []error
	closed := map[engine.Engine]bool{nil: true}
	for _, one := range []engine.Engine{e.models, e.counting, e.questions} {
		if !closed[one] {
			closed[one] = true
			errs = append(errs, one.Close())
		}
	}
	return errors.Join(errs...)
}

// openServer makes the engine that is a server, which may be away.
func openServer(c *cli.Context, d *daemon.Daemon, files *catalog.Catalog, l engine.Limits) (engine.Engine, error) {
	secret, err := password(c)
	if err != nil {
		return nil, daemon.Setting("engine-password-file", err)
	}
	e, err := clickhouse.Open(clickhouse.Options{URL: c.String("engine"), Password: secret, Memory: l.Memory, Files: files, Log: d.Log})
	if err != nil {
		return nil, daemon.Setting("engine", err)
	}
	return e, nil
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
	outage := d.Aside("the engine")
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
