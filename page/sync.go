package main

import (
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/glowmap/glow/page/bundle"
	"github.com/glowmap/glow/page/store"
)

var (
	targetFlag   = &cli.StringFlag{Name: "target", Usage: "s3://`BUCKET`/PREFIX or file:///DIR"}
	endpointFlag = &cli.StringFlag{Name: "s3-endpoint", Usage: "`URL` of an S3-compatible store other than AWS"}
	dryRunFlag   = &cli.BoolFlag{Name: "dry-run", Usage: "say what would be uploaded and removed, and do nothing"}
	pruneFlag    = &cli.BoolFlag{Name: "prune", Usage: "remove the files of builds before the last one, once that has been up for a day"}
)

// syncPage uploads a build. What others refer to comes first and index.html
// last, so that whoever comes meanwhile gets a page that is whole; files of
// earlier builds stay for the pages that are open.
func syncPage(c *cli.Context) error {
	o, err := options(c)
	if err != nil {
		return err
	}
	target, err := store.Open(c.Context, c.String("target"), c.String("s3-endpoint"))
	if err != nil {
		return usage{fmt.Errorf("--target (or GLOW_TARGET): %w", err)}
	}
	files, err := bundle.Build(o)
	if err != nil {
		return err
	}
	var stale []string
	if c.Bool("prune") {
		there, err := target.List(c.Context)
		if err != nil {
			return fmt.Errorf("list %s: %w", c.String("target"), err)
		}
		stale = store.Stale(there, files, time.Now())
	}
	if c.Bool("dry-run") {
		plan(c, files, stale)
		return nil
	}
	if err := upload(c, target, files, stale); err != nil {
		return err
	}
	fmt.Fprintf(c.App.ErrWriter, "page: build %v, %d files at %s, %d old ones removed\n", o.Settings["build"], len(files), c.String("target"), len(stale))
	return nil
}

func plan(c *cli.Context, files []bundle.File, stale []string) {
	for _, f := range files {
		h := store.Headers(f)
		fmt.Fprintf(c.App.Writer, "put %s %d bytes, %s, %s\n", f.Name, len(f.Data), h["Content-Type"], h["Cache-Control"])
	}
	for _, name := range stale {
		fmt.Fprintf(c.App.Writer, "remove %s\n", name)
	}
}

func upload(c *cli.Context, target store.Store, files []bundle.File, stale []string) error {
	for _, f := range files {
		if err := target.Put(c.Context, f); err != nil {
			return fmt.Errorf("upload %s: %w", f.Name, err)
		}
	}
	for _, name := range stale {
		if err := target.Delete(c.Context, name); err != nil {
			return fmt.Errorf("remove %s: %w", name, err)
		}
	}
	return nil
}
