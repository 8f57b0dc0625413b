package main

import (
	"context"
	"fmt"
	"io/fs"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"github.com/glowmap/glow/internal/daemon"
	"github.com/glowmap/glow/querier/model/define"
	"github.com/glowmap/glow/querier/model/expr"
	"github.com/glowmap/glow/querier/models"
)

// shippedCommands show the models that Glow ships, to begin with a copy.
func shippedCommands() []daemon.Command {
	return []daemon.Command{
		{
			Name: "list", Usage: "lists the models that Glow ships",
			Run: listModels,
		},
		{
			Name: "show", Usage: "prints the file of a model that Glow ships", ArgsUsage: "NAME",
			Description: "To begin with a copy: querier models show totals > my-totals.toml",
			Run:         showModel,
		},
	}
}

// shipped are the names of the models that Glow ships.
func shipped() []string {
	files, err := fs.Glob(models.FS, "*.toml")
	if err != nil {
		panic(err) // the pattern is good
	}
	for i, f := range files {
		files[i] = strings.TrimSuffix(f, ".toml")
	}
	return files
}

func listModels(_ context.Context, d *daemon.Daemon, c *cli.Context) error {
	if c.Args().Present() {
		return daemon.Usagef("want nothing else; querier models show NAME prints one")
	}
	w := tabwriter.NewWriter(d.Stdout, 0, 0, 2, ' ', 0)
	for _, name := range shipped() {
		text, err := fs.ReadFile(models.FS, name+".toml")
		if err != nil {
			return err
		}
		m, err := define.Read(name, text)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\n", name, map[bool]string{true: "public", false: "internal"}[m.Public], m.Summary)
	}
	return w.Flush()
}

func showModel(_ context.Context, d *daemon.Daemon, c *cli.Context) error {
	if c.NArg() != 1 {
		return daemon.Usagef("want one NAME, one of %s", strings.Join(shipped(), ", "))
	}
	name := strings.TrimSuffix(c.Args().First(), ".toml")
	text, err := fs.ReadFile(models.FS, name+".toml")
	if err != nil {
		if near, ok := expr.Nearest(name, shipped()); ok {
			return daemon.Usagef("Glow ships no model %q: did you mean %s?", name, near)
		}
		return daemon.Usagef("Glow ships no model %q, but %s", name, strings.Join(shipped(), ", "))
	}
	_, err = d.Stdout.Write(text)
	return err
}
