//go:build cgo

package main

import (
	"flag"
	"log/slog"
	"testing"

	"github.com/urfave/cli/v2"

	"github.com/glowmap/glow/internal/daemon"
	"github.com/glowmap/glow/querier/engine"
)

// Counting takes no client's turn of an engine within the process, and a
// server has one engine, so that no file is loaded twice by one querier.
func TestEngines(t *testing.T) {
	for name, server := range map[string]bool{embedded: false, "clickhouse://127.0.0.1:1/history": true} {
		set := flag.NewFlagSet("querier", flag.ContinueOnError)
		for _, f := range engineFlags() {
			if err := f.Apply(set); err != nil {
				t.Fatal(err)
			}
		}
		if err := set.Parse([]string{"--engine", name}); err != nil {
			t.Fatal(err)
		}
		e, err := openEngines(cli.NewContext(cli.NewApp(), set, nil), &daemon.Daemon{Log: slog.New(slog.DiscardHandler)}, nil,
			engine.Limits{Threads: 1, Memory: 64 << 20, Concurrency: 1})
		if err != nil {
			t.Fatal(err)
		}
		if one := e.questions == e.counting; one != server {
			t.Errorf("%s: one engine for clients and counting: %v, want %v", name, one, server)
		}
		if e.models == e.questions {
			t.Errorf("%s: models have no engine of their own", name)
		}
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}
}
