package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/urfave/cli/v2"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/archiver/store"
	"github.com/glowmap/glow/internal/daemon"
	"github.com/glowmap/glow/querier/catalog"
	"github.com/glowmap/glow/querier/engine"
	"github.com/glowmap/glow/querier/model"
	"github.com/glowmap/glow/querier/model/define"
)

func modelsCommand() daemon.Command {
	return daemon.Command{
		Name: "models", Usage: "checks model files and tries them, and shows those that Glow ships",
		Commands: append([]daemon.Command{
			{
				Name: "check", Usage: "says what is wrong with model files", ArgsUsage: "FILE…",
				Description: "Names each mistake with its line and column. Exit status 1 if there is any.",
				Run:         checkModels,
			},
			{
				Name: "run", Usage: "computes a model and prints its rows", ArgsUsage: "FILE",
				Description: "Nothing is kept: change the file and run it again.",
				Flags: []cli.Flag{
					&cli.StringFlag{Name: "archive", Usage: "where the archive is: s3://BUCKET/PREFIX or file:///DIR"},
					&cli.StringFlag{Name: "s3-endpoint", Usage: "`URL` of an S3-compatible store other than AWS"},
					&cli.StringFlag{Name: "as", Value: "table", Usage: "table, csv or json (one object a line)"},
					&cli.IntFlag{Name: "rows", Value: 100, Usage: "most rows to print, the newest; 0 for all"},
					&cli.Int64Flag{Name: "min-count", Value: 10, Usage: "smallest count that a public model tells, as the querier's --min-count; 0 for all"},
				},
				Run: runModel,
			},
		}, shippedCommands()...),
	}
}

// readModel reads a model's file; its mistakes are named with the file.
func readModel(path string) (m *define.Model, text []byte, err error) {
	name, isModel := strings.CutSuffix(filepath.Base(path), ".toml")
	if !isModel {
		return nil, nil, fmt.Errorf("%s: want a file NAME.toml", path)
	}
	if text, err = os.ReadFile(path); err != nil {
		return nil, nil, err
	}
	if m, err = define.Read(name, text); err != nil {
		return nil, nil, errors.New(path + ": " + strings.ReplaceAll(err.Error(), "\n", "\n"+path+": "))
	}
	return m, text, nil
}

func checkModels(_ context.Context, d *daemon.Daemon, c *cli.Context) error {
	if !c.Args().Present() {
		return daemon.Usagef("want a FILE, or several")
	}
	bad := 0
	for _, path := range c.Args().Slice() {
		m, _, err := readModel(path)
		if err != nil {
			bad++
			fmt.Fprintln(d.Stdout, err)
			continue
		}
		fmt.Fprintf(d.Stdout, "%s: good, a row has %s\n", path, strings.Join(m.Columns(), ", "))
	}
	if bad > 0 {
		return fmt.Errorf("%d of %d models have mistakes", bad, c.NArg())
	}
	return nil
}

func runModel(ctx context.Context, d *daemon.Daemon, c *cli.Context) error {
	write, ok := map[string]func(io.Writer, *model.Page) error{"table": writeTable, "csv": writeCSV, "json": writeJSON}[c.String("as")]
	switch {
	case !ok:
		return daemon.Setting("as", fmt.Errorf("%q: want table, csv or json", c.String("as")))
	case c.Int("rows") < 0:
		return daemon.Setting("rows", fmt.Errorf("%d: want 0 or more", c.Int("rows")))
	case c.Int64("min-count") < 0:
		return daemon.Setting("min-count", fmt.Errorf("%d: want 0 or more", c.Int64("min-count")))
	case c.NArg() != 1:
		return daemon.Usagef("want one FILE")
	}
	m, text, err := readModel(c.Args().First())
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "glow-model-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	began := time.Now()
	p, err := computeOnce(ctx, c, dir, m.Name, text)
	if err != nil {
		return err
	}
	if err := write(d.Stdout, p); err != nil {
		return err
	}
	fmt.Fprintf(d.Stderr, "%d of %d rows, %.1f s\n", len(p.Rows), p.Total, time.Since(began).Seconds())
	return nil
}

// computeOnce computes the rows of a model, in a store that has no other.
func computeOnce(ctx context.Context, c *cli.Context, dir, name string, text []byte) (*model.Page, error) {
	source, folder, err := openArchive(c)
	if err != nil {
		return nil, err
	}
	files, e, err := openOnce(ctx, source, folder, dir)
	if err != nil {
		return nil, err
	}
	defer files.Close()
	defer e.Close()
	models := filepath.Join(dir, "models")
	if err := errors.Join(os.Mkdir(models, 0o700), os.WriteFile(filepath.Join(models, name+".toml"), text, 0o600)); err != nil {
		return nil, err
	}
	s := model.New(model.Options{
		MinCount: c.Int64("min-count"), Folders: []string{models}, State: filepath.Join(dir, "state"), Engine: e, Archive: files,
		Log: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry(), Look: 20 * time.Millisecond,
	})
	return s.Once(ctx, name, c.Int("rows"))
}

// openOnce opens an archive for a while, with a cache below dir if it is in S3.
func openOnce(ctx context.Context, source store.Store, folder, dir string) (*catalog.Catalog, engine.Engine, error) {
	readable := []string{filepath.Join(dir, "cache")}
	var cache *catalog.Cache
	var err error
	if folder != "" {
		readable, err = folders(folder)
	} else {
		cache, err = catalog.OpenCache(readable[0], 1<<40)
	}
	if err != nil {
		return nil, nil, err
	}
	files := catalog.New(source, folder, cache)
	err = files.Refresh(ctx)
	if errors.Is(err, archive.ErrNone) {
		err = errors.New("there is no archive there: --archive is what the archiver's says, and has v1/manifest.json in it")
	}
	if err != nil {
		return nil, nil, err
	}
	e, err := engine.OpenDuckDB(files, engine.Limits{Folders: readable, Threads: 2, Memory: 1 << 30, Concurrency: 1})
	return files, e, err
}

func writeTable(out io.Writer, p *model.Page) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, strings.Join(p.Info.Columns, "\t"))
	for _, row := range p.Rows {
		fmt.Fprintln(w, strings.Join(texts(row, "-"), "\t"))
	}
	return w.Flush()
}

func writeCSV(out io.Writer, p *model.Page) error {
	w := csv.NewWriter(out)
	_ = w.Write(p.Info.Columns) // Error says it below
	for _, row := range p.Rows {
		_ = w.Write(texts(row, ""))
	}
	w.Flush()
	return w.Error()
}

func texts(row []any, null string) []string {
	list := make([]string, len(row))
	for i, v := range row {
		switch v := v.(type) {
		case nil:
			list[i] = null
		case float64:
			list[i] = fmt.Sprintf("%.6g", v)
		default:
			list[i] = fmt.Sprint(v)
		}
	}
	return list
}

func writeJSON(out io.Writer, p *model.Page) error {
	j := json.NewEncoder(out)
	j.SetEscapeHTML(false)
	for _, row := range p.Rows {
		object := make(map[string]any, len(row))
		for i, c := range p.Info.Columns {
			object[c] = row[i]
		}
		if err := j.Encode(object); err != nil {
			return err
		}
	}
	return nil
}
