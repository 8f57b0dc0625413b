//go:build cgo

package main

import (
	"bytes"
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/internal/daemon"
	"github.com/glowmap/glow/querier/archivetest"
)

// command runs one of the commands of models with arguments.
func command(t *testing.T, name string, args ...string) (out string, err error) {
	t.Helper()
	for _, c := range modelsCommand().Commands {
		if c.Name != name {
			continue
		}
		set := flag.NewFlagSet(name, flag.ContinueOnError)
		for _, f := range c.Flags {
			if err := f.Apply(set); err != nil {
				t.Fatal(err)
			}
		}
		if err := set.Parse(args); err != nil {
			t.Fatal(err)
		}
		var b, summary bytes.Buffer
		ctx := cli.NewContext(cli.NewApp(), set, nil)
		ctx.Context = t.Context()
		err := c.Run(context.Background(), &daemon.Daemon{Stdout: &b, Stderr: &summary}, ctx)
		return b.String(), err
	}
	t.Fatal("no such command")
	return "", nil
}

func modelFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestModelsCheck(t *testing.T) {
	good := modelFile(t, "good.toml", `by = ["date"]`)
	bad := modelFile(t, "bad.toml", "where = \"contry = 'DE'\"\nlimit = 0")
	out, err := command(t, "check", good, bad)
	want := good + ": good, a row has date, n\n" +
		bad + ": line 1, column 10: no column \"contry\": did you mean country?\n" +
		bad + ": line 2, column 9: limit: want a whole number from 1 to 100000\n"
	if out != want || err == nil || err.Error() != "1 of 2 models have mistakes" {
		t.Errorf("%s, %v; want\n%s", out, err, want)
	}
	shipped, err := filepath.Glob("models/*.toml")
	if err != nil || len(shipped) == 0 {
		t.Fatal(err)
	}
	if out, err := command(t, "check", shipped...); err != nil {
		t.Error(out, err)
	}
	if _, err := command(t, "check"); !daemon.IsUsage(err) {
		t.Error(err)
	}
}

// The models that Glow ships can be begun with.
func TestModelsShipped(t *testing.T) {
	list, err := command(t, "list")
	if err != nil || !strings.Contains(list, "totals               public    Events by type, each day\n") || !strings.Contains(list, "\nversions             internal  ") {
		t.Errorf("%v\n%s", err, list)
	}
	for line := range strings.Lines(list) {
		name := strings.Fields(line)[0]
		text, err := command(t, "show", name)
		if err != nil {
			t.Fatal(err)
		}
		if out, err := command(t, "check", modelFile(t, "my-"+name+".toml", text)); err != nil {
			t.Error(out)
		}
	}
	for _, args := range [][]string{{"show"}, {"show", "total"}, {"show", "../models"}, {"list", "totals"}} {
		if out, err := command(t, args[0], args[1:]...); !daemon.IsUsage(err) || out != "" {
			t.Error(args, out, err)
		}
	}
}

func TestModelsRun(t *testing.T) {
	a := archivetest.New(t)
	a.Add([]archive.Row{{Time: archivetest.First, Type: "download"}, {Time: archivetest.First + 1, Type: "share:x"}}, false)
	a.Commit()
	path := modelFile(t, "m.toml", "by = [\"date\", \"type\", \"country\"]")
	for as, want := range map[string]string{
		"table": "date        type      country  n\n2026-03-27  download  -        1\n2026-03-27  share:x   -        1\n",
		"csv":   "date,type,country,n\n2026-03-27,download,,1\n2026-03-27,share:x,,1\n",
		"json":  `{"country":null,"date":"2026-03-27","n":1,"type":"download"}`,
	} {
		out, err := command(t, "run", "--archive", "file://"+a.Dir, "--as", as, path)
		if err != nil || !strings.HasPrefix(out, want) {
			t.Errorf("%s: %v\n%s", as, err, out)
		}
	}
	out, err := command(t, "run", "--archive", "file://"+a.Dir, "--rows", "1", "--as", "csv", path)
	if err != nil || out != "date,type,country,n\n2026-03-27,share:x,,1\n" {
		t.Error(out, err)
	}
	public := modelFile(t, "p.toml", "by = [\"date\", \"country\"]\npublic = true")
	for count, want := range map[string]string{"3": "date,country,n\n", "2": "date,country,n\n2026-03-27,,2\n"} {
		if out, err := command(t, "run", "--archive", "file://"+a.Dir, "--as", "csv", "--min-count", count, public); err != nil || out != want {
			t.Errorf("--min-count %s: %v\n%s", count, err, out)
		}
	}
	huge := modelFile(t, "huge.toml", `value = "sum(time - 1 + 9223372036854775807 * 1)"`)
	if out, err := command(t, "run", "--archive", "file://"+a.Dir, huge); err == nil {
		t.Error("no error, but", out)
	}
	if _, err := command(t, "run", "--archive", "file://"+t.TempDir(), path); err == nil || !strings.Contains(err.Error(), "there is no archive there") {
		t.Error(err)
	}
	for _, args := range [][]string{{"--as", "xml", path}, {"--rows", "-1", path}, {"--min-count", "-1", path}, {}} {
		if _, err := command(t, "run", args...); !daemon.IsUsage(err) {
			t.Error(args, err)
		}
	}
}
