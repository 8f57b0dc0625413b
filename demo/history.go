package main

import (
	"context"
	"debug/buildinfo"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"github.com/glowmap/glow/demo/site"
)

// historians are the programs that keep history and answer questions about it.
var historians = []string{"archiver", "querier"}

// shares is a model to play with.
const shares = `# A model is a statistic as a file: change it, save it, and the dashboard follows.
summary = "Shares by country and day, of all networks together"
where   = "type like 'share:%'"
by      = ["date", "country"]
value   = "count(*) as n"
public  = true
`

// startHistory starts archiver and querier, if they are there. The demo goes on
// without them.
func (d *demo) startHistory(context.Context) error {
	if d.dashboard == "off" {
		return nil
	}
	if err := d.historian(); err != nil {
		d.say("no dashboard: %v", err)
		return nil
	}
	l, _, err := site.Listen(d.dashboard)
	if err != nil {
		return fmt.Errorf("--dashboard %s: %w", d.dashboard, err)
	}
	addr := l.Addr().String()
	_ = l.Close() // the querier takes it at once
	model := d.file(filepath.Join("models", "shares-by-country.toml"))
	if err := errors.Join(os.MkdirAll(filepath.Dir(model), 0o700), os.WriteFile(model, []byte(shares), 0o600)); err != nil {
		return err
	}
	d.hush = append(d.hush, "the archive is away") // until the first events are in it
	archive := "file://" + d.file("archive")
	if err := d.spawnDaemon("archiver", "--archive", archive, "--segment-every", "5s"); err != nil {
		return err
	}
	err = d.spawn("querier", filepath.Join(d.bin, "querier"), "--admin-addr", "off", "--archive", archive, "--refresh", "1s",
		"--models", filepath.Dir(model), "--state", d.file("state"), "--query-listen", addr, "--query-rate", "0",
		"--min-count", "0") // nobody is behind these events
	host, _, _ := net.SplitHostPort(d.dashboard)
	_, port, _ := net.SplitHostPort(addr)
	d.say("dashboard on http://%s/dashboard", net.JoinHostPort(host, port))
	d.say("a model to play with: %s", model)
	return err
}

// historian says why there can be no history: a program is not there, or was
// built without what it needs.
func (d *demo) historian() error {
	for _, name := range historians {
		if _, err := os.Stat(filepath.Join(d.bin, name)); err != nil {
			return fmt.Errorf("there is no %s in %s", name, d.bin)
		}
	}
	about, err := buildinfo.ReadFile(filepath.Join(d.bin, "querier"))
	if err != nil {
		return fmt.Errorf("read the querier: %w", err)
	}
	for _, s := range about.Settings {
		if s.Key == "CGO_ENABLED" && s.Value != "1" {
			return errors.New("the querier was built without DuckDB, for lack of a C++ compiler")
		}
	}
	return nil
}
