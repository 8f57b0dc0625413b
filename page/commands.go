package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/glowmap/glow/page/bundle"
	"github.com/glowmap/glow/page/store"
)

// usage is an error of whoever typed the command; it ends in exit status 2.
type usage struct{ error }

func exitCode(err error) int {
	if errors.As(err, &usage{}) {
		return 2
	}
	return 1
}

var (
	outFlag    = &cli.StringFlag{Name: "out", Value: "dist", Usage: "the `DIR` to write to"}
	singleFlag = &cli.BoolFlag{Name: "single", Usage: "one self-contained HTML file instead"}
	listenFlag = &cli.StringFlag{Name: "listen", Value: "127.0.0.1:8080", Usage: "`HOST:PORT` to serve on"}
)

// command makes one command; all of them build, so all have the build's flags.
func command(name, text string, run cli.ActionFunc, flags ...cli.Flag) *cli.Command {
	flags = append(flags,
		&cli.StringFlag{Name: "settings", Usage: "JSON `FILE` with settings that differ from the defaults"},
		&cli.StringFlag{Name: "feed", Usage: "`URL` of the folder that holds v1/ (default: the folder feed beside the page)"},
		&cli.StringFlag{Name: "title", Usage: "title of the page"},
		&cli.StringFlag{Name: "url", Usage: "`URL` where the page will live, for link previews"},
	)
	for _, f := range flags {
		env := []string{"GLOW_" + strings.ToUpper(strings.ReplaceAll(f.Names()[0], "-", "_"))}
		switch f := f.(type) {
		case *cli.StringFlag:
			f.EnvVars = env
		case *cli.BoolFlag:
			f.EnvVars = env
		}
	}
	return &cli.Command{
		Name: name, Usage: text, Action: run, Flags: flags, HideHelpCommand: true,
		OnUsageError: func(_ *cli.Context, err error, _ bool) error { return usage{err} },
	}
}

// options reads the flags that all commands share.
func options(c *cli.Context) (bundle.Options, error) {
	o := bundle.Options{Settings: bundle.Defaults(), URL: c.String("url"), Single: c.Bool("single")}
	if c.Args().Present() {
		return o, usage{fmt.Errorf("unexpected argument %q", c.Args().First())}
	}
	if o.URL != "" && !strings.HasSuffix(o.URL, "/") {
		o.URL += "/"
	}
	if path := c.String("settings"); path != "" {
		data, err := os.ReadFile(path)
		if err == nil {
			err = o.Settings.Merge(data)
		}
		if err != nil {
			return o, usage{fmt.Errorf("--settings (or GLOW_SETTINGS): %s: %w", path, err)}
		}
	}
	for _, name := range []string{"feed", "title"} {
		if v := c.String(name); v != "" {
			o.Settings[name] = v
		}
	}
	return o, nil
}

func build(c *cli.Context) error {
	o, err := options(c)
	if err != nil {
		return err
	}
	files, err := bundle.Build(o)
	if err != nil {
		return err
	}
	out := c.String("out")
	for _, f := range files {
		path := filepath.Join(out, f.Name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return fmt.Errorf("write page: %w", err)
		}
		if err := os.WriteFile(path, f.Data, 0o644); err != nil {
			return fmt.Errorf("write page: %w", err)
		}
	}
	fmt.Fprintf(c.App.ErrWriter, "page: build %v, %d files in %s\n", o.Settings["build"], len(files), out)
	return nil
}

func serve(c *cli.Context) error {
	o, err := options(c)
	if err != nil {
		return err
	}
	feed := ""
	if dir, ok := strings.CutPrefix(c.String("feed"), "file://"); ok {
		feed, o.Settings["feed"] = dir, "feed"
	}
	files, err := bundle.Build(o)
	if err != nil {
		return err
	}
	server := &http.Server{Addr: c.String("listen"), Handler: handler(files, feed), ReadHeaderTimeout: 10 * time.Second}
	context.AfterFunc(c.Context, func() { _ = server.Close() })
	fmt.Fprintf(c.App.ErrWriter, "page: http://%s/\n", server.Addr)
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve on %s: %w", server.Addr, err)
	}
	return nil
}

// handler serves the page and, if feed is a directory, the feed in it as S3
// would: with CORS headers and gzipped.
func handler(files []bundle.File, feed string) http.Handler {
	mux := http.NewServeMux()
	for _, f := range files {
		pattern := "GET /" + f.Name
		if f.Name == "index.html" {
			pattern = "GET /{$}"
		}
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			for k, v := range store.Headers(f) {
				w.Header().Set(k, v)
			}
			store.Write(w, r, f.Data)
		})
	}
	if feed != "" {
		mux.Handle("GET /feed/", http.StripPrefix("/feed/", serveFeed(feed)))
	}
	return mux
}

func serveFeed(dir string) http.Handler {
	root := os.DirFS(dir)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f, err := root.Open(r.URL.Path)
		if err != nil {
			http.NotFound(w, r)
			return
		}
		defer f.Close()
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "max-age=2")
		data, err := io.ReadAll(f)
		if err != nil {
			http.Error(w, "unreadable", http.StatusInternalServerError)
			return
		}
		store.Write(w, r, data)
	})
}
