package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/archiver/schema"
	"github.com/glowmap/glow/archiver/text"
	"github.com/glowmap/glow/internal/daemon"
)

func catCommand() daemon.Command {
	return daemon.Command{
		Name:      "cat",
		Usage:     "writes rows of the archive as lines of text",
		ArgsUsage: "[NAME…]",
		Description: `Nine fields separated by tabs: time (Unix seconds), type, continent, country,
region, cell, latitude, longitude, attributes (a query string); a dash stands for
what is unknown. With names, as "archiver files" lists them, only rows of these
files. It reads the archive alone and needs no Redis.`,
		Flags: append(readFlags(), &cli.BoolFlag{Name: "json", Usage: "write each row as a line of JSON"}),
		Run:   runCat,
	}
}

func filesCommand() daemon.Command {
	return daemon.Command{
		Name:        "files",
		Usage:       "lists the files of the archive that may have rows that pass the filter",
		Description: `One name a line; "archiver cat NAME" reads one. Each row is in one file only.`,
		Flags:       readFlags(),
		Run:         runFiles,
	}
}

func readFlags() []cli.Flag {
	return append(targetFlags(), &cli.StringFlag{Name: "filter", Usage: "`FILE` that says which rows are wanted: archive.json, narrowed"})
}

// openArchive opens what the flags name.
func openArchive(ctx context.Context, c *cli.Context) (*archive.Archive, archive.Filter, error) {
	s, errTarget := openTarget(ctx, c)
	f, errFilter := readFilter(c.String("filter"))
	if err := errors.Join(errTarget, daemon.Setting("filter", errFilter)); err != nil {
		return nil, f, err
	}
	a, err := archive.Open(ctx, s)
	if errors.Is(err, archive.ErrNone) {
		err = fmt.Errorf("there is no archive at %s", c.String("archive"))
	}
	return a, f, err
}

func readFilter(path string) (archive.Filter, error) {
	if path == "" {
		return archive.Filter{}, nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return archive.Filter{}, err
	}
	f, err := schema.ParseFilter(b)
	if err != nil {
		err = fmt.Errorf("%s: %w", path, err)
	}
	return f, err
}

func runFiles(ctx context.Context, d *daemon.Daemon, c *cli.Context) error {
	a, f, err := openArchive(ctx, c)
	if err != nil {
		return err
	}
	for _, file := range a.Select(f) {
		fmt.Fprintln(d.Stdout, file.Name)
	}
	return nil
}

func runCat(ctx context.Context, d *daemon.Daemon, c *cli.Context) error {
	a, f, err := openArchive(ctx, c)
	if err != nil {
		return err
	}
	files := a.Select(f)
	if c.Args().Present() {
		if files, err = named(a, files, c.Args().Slice()); err != nil {
			return err
		}
	}
	line := text.AppendTSV
	if c.Bool("json") {
		line = text.AppendJSON
	}
	out := bufio.NewWriterSize(d.Stdout, 256<<10)
	for _, file := range files {
		var b []byte
		err := a.RowsOf(ctx, file, f, func(r *archive.Row) error {
			b = line(b[:0], r)
			_, err := out.Write(b)
			return err
		})
		if err != nil {
			return err
		}
	}
	return out.Flush()
}

// named are those of the files that have one of the names. Others of the
// archive have none of the wanted rows.
func named(a *archive.Archive, files []archive.File, names []string) ([]archive.File, error) {
	for _, name := range names {
		if !slices.ContainsFunc(a.Files, func(f archive.File) bool { return f.Name == name }) {
			return nil, fmt.Errorf("the archive has no file %s now: archiver files lists them", name)
		}
	}
	return slices.DeleteFunc(files, func(f archive.File) bool { return !slices.Contains(names, f.Name) }), nil
}
