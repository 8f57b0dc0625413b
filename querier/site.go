package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/glowmap/glow/internal/daemon"
	"github.com/glowmap/glow/querier/site"
)

func siteCommand() daemon.Command {
	return daemon.Command{
		Name: "site", Usage: "writes the dashboard as files, for models that are published beside the feed",
		Description: "Any web server can serve them: they need no querier. The models are read from the\n" +
			"folder that holds v1/models.json:\n\n" +
			"    querier site --out /srv/www/dashboard --feed ../feed",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "out", Value: "dashboard", Usage: "the `DIR` to write to"},
			&cli.StringFlag{Name: "feed", Value: "feed", Usage: "`FOLDER` that holds v1/: beside the dashboard, or the URL of another host's"},
		},
		Run: writeSite,
	}
}

func writeSite(_ context.Context, d *daemon.Daemon, c *cli.Context) error {
	files, err := site.Static(c.String("feed"))
	if err != nil {
		return daemon.Setting("feed", err)
	}
	out := c.String("out")
	for _, f := range files {
		path := filepath.Join(out, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return fmt.Errorf("write dashboard: %w", err)
		}
		if err := os.WriteFile(path, f.Data, 0o644); err != nil {
			return fmt.Errorf("write dashboard: %w", err)
		}
	}
	fmt.Fprintf(d.Stderr, "querier: %d files in %s\n", len(files), out)
	return nil
}
