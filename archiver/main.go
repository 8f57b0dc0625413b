// Command archiver keeps every event that geoworker counts, as Parquet files
// in an S3 bucket or a folder.
package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/archiver/imports"
	"github.com/glowmap/glow/archiver/keep"
	"github.com/glowmap/glow/archiver/ledger"
	"github.com/glowmap/glow/archiver/schema"
	"github.com/glowmap/glow/archiver/store"
	"github.com/glowmap/glow/internal/daemon"
	"github.com/glowmap/glow/internal/lease"
)

func main() { daemon.Main(app()) }

func app() daemon.App {
	return daemon.App{
		Name:  "archiver",
		Usage: "keeps every event that is counted, in S3 or in a folder",
		Once:  "archive until the stream is empty and all is committed, then exit",
		Flags: append(targetFlags(), keepFlags()...), AdminAddr: "127.0.0.1:9405",
		Scripts: slices.Concat(ledger.Scripts, lease.Scripts, imports.Scripts),
		Check:   check, Run: run, Commands: commands(),
	}
}

func check(c *cli.Context) error {
	_, errTarget := openTarget(c.Context, c)
	_, err := settings(c, schema.Default())
	return errors.Join(errTarget, err)
}

func run(ctx context.Context, d *daemon.Daemon, c *cli.Context) error {
	target, errTarget := openTarget(ctx, c)
	s, errSchema := readSchema(c.String("schema"))
	set, err := settings(c, s)
	if err := errors.Join(errTarget, daemon.Setting("schema", errSchema), err); err != nil {
		return err
	}
	k := keep.New(d, target, set)
	err = k.Run(ctx)
	if d.Once {
		fmt.Fprintln(d.Stderr, k.Summary())
	}
	return err
}

// openTarget makes the store of --archive.
func openTarget(ctx context.Context, c *cli.Context) (store.Store, error) {
	if c.String("archive") == "" {
		return nil, daemon.Setting("archive", errors.New("say where the archive is: s3://BUCKET/PREFIX or file:///DIR"))
	}
	if err := store.CheckEndpoint(c.String("s3-endpoint")); err != nil {
		return nil, daemon.Setting("s3-endpoint", err)
	}
	s, err := store.New(ctx, c.String("archive"), store.Options{Endpoint: c.String("s3-endpoint")})
	if errors.Is(err, store.ErrSettings) {
		return nil, err
	}
	return s, daemon.Setting("archive", err)
}

func settings(c *cli.Context, s *schema.Schema) (keep.Settings, error) {
	retention, errRetention := keep.ParseRetention(c.String("retention"))
	set := keep.Settings{
		Every: c.Duration("segment-every"), MaxRows: c.Int("max-rows"), CompactAfter: c.Duration("compact-after"),
		Keep: c.Duration("keep"), Retention: retention, Schema: s,
	}
	return set, errors.Join(
		daemon.Setting("retention", errRetention), rows(c, "max-rows", 1, archive.MaxRows/4),
		between(c, "segment-every", 100*time.Millisecond, 24*time.Hour),
		between(c, "compact-after", 0, 30*24*time.Hour), between(c, "keep", time.Minute, 365*24*time.Hour))
}
