package main

import (
	"fmt"
	"os"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/glowmap/glow/archiver/schema"
	"github.com/glowmap/glow/internal/daemon"
)

func targetFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "archive", Usage: "where the archive is: s3://BUCKET/PREFIX or file:///DIR"},
		&cli.StringFlag{Name: "s3-endpoint", Usage: "`URL` of an S3-compatible store other than AWS"},
	}
}

func keepFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "schema", Usage: "`FILE`, archive.json, that says what of the attributes is kept; all of them without it"},
		&cli.DurationFlag{Name: "segment-every", Value: 5 * time.Minute, Usage: "how long events are gathered before they are written"},
		&cli.IntFlag{Name: "max-rows", Value: 1_000_000, Usage: "how many events are written at once at the most"},
		&cli.DurationFlag{Name: "compact-after", Value: 10 * time.Minute, Usage: "how long nothing must have come for a day that is over before it is compacted"},
		&cli.StringFlag{Name: "retention", Usage: "how long days are kept, by type: `TYPE=400d,*=800d`; for ever without it"},
		&cli.DurationFlag{Name: "keep", Value: 24 * time.Hour, Usage: "how long replaced files stay: as far as redis may go back in time"},
	}
}

func readSchema(path string) (*schema.Schema, error) {
	if path == "" {
		return schema.Default(), nil
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	s, err := schema.Parse(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return s, nil
}

func between(c *cli.Context, flag string, least, most time.Duration) error {
	if d := c.Duration(flag); d < least || d > most {
		return daemon.Setting(flag, fmt.Errorf("%s: want %s to %s", d, least, most))
	}
	return nil
}

func rows(c *cli.Context, flag string, least, most int) error {
	if n := c.Int(flag); n < least || n > most {
		return daemon.Setting(flag, fmt.Errorf("%d: want %d to %d", n, least, most))
	}
	return nil
}
