package daemon

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/urfave/cli/v2"
)

func app(run Run) App {
	return App{
		Name: "probe", Usage: "tries the skeleton", ArgsUsage: "FILE…", Once: "do what there is, then exit", AdminAddr: "off",
		Flags: []cli.Flag{&cli.DurationFlag{Name: "max-wait", Value: time.Second, Usage: "longest wait"}},
		Check: func(c *cli.Context) error {
			if c.Duration("max-wait") < 0 {
				return Setting("max-wait", errors.New("want a positive duration"))
			}
			return nil
		},
		Run: run,
	}
}

func TestExitCodes(t *testing.T) {
	fine := func(context.Context, *Daemon, *cli.Context) error { return nil }
	for _, c := range []struct {
		name string
		run  Run
		args []string
		env  map[string]string
		want int
		says []string
	}{
		{"clean", fine, []string{"--once", "a.log"}, nil, 0, nil},
		{"failure", func(context.Context, *Daemon, *cli.Context) error { return errors.New("disk on fire") }, nil, nil, 1, []string{"probe: disk on fire"}},
		{"unknown flag", fine, []string{"--nope"}, nil, 2, []string{"nope", "--help"}},
		{"bad value", fine, []string{"--max-wait", "soon"}, nil, 2, []string{"max-wait"}},
		{"bad environment", fine, nil, map[string]string{"GLOW_MAX_WAIT": "soon"}, 2, []string{"GLOW_MAX_WAIT"}},
		{
			"all bad settings at once", fine,
			[]string{"--namespace", "a b", "--redis-url", "http://x", "--log-level", "loud", "--log-format", "xml", "--max-wait", "-1s"},
			nil, 2,
			[]string{"--max-wait (or GLOW_MAX_WAIT)", "--log-format (or GLOW_LOG_FORMAT)", "--namespace (or GLOW_NAMESPACE)", "--redis-url (or GLOW_REDIS_URL)", "--log-level (or GLOW_LOG_LEVEL)"},
		},
		{"flag after argument", fine, []string{"a.log", "--once"}, nil, 2, []string{"options go before arguments"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for k, v := range c.env {
				t.Setenv(k, v)
			}
			var stderr bytes.Buffer
			got := app(c.run).main(append([]string{"probe"}, c.args...), &bytes.Buffer{}, &stderr)
			if got != c.want {
				t.Errorf("exit %d, want %d", got, c.want)
			}
			for _, s := range c.says {
				if !strings.Contains(stderr.String(), s) {
					t.Errorf("standard error lacks %q:\n%s", s, &stderr)
				}
			}
		})
	}
}

// What needs no Redis has no settings for it, whatever the environment says.
func TestWithoutRedis(t *testing.T) {
	t.Setenv("GLOW_REDIS_URL", "http://x")
	var out bytes.Buffer
	a := app(func(_ context.Context, d *Daemon, _ *cli.Context) error {
		if d.Redis != nil {
			return errors.New("there is a Redis")
		}
		return nil
	})
	a.NoRedis = true
	if code := a.main([]string{"probe"}, &out, &out); code != 0 {
		t.Errorf("exit %d: %s", code, &out)
	}
	a.main([]string{"probe", "--help"}, &out, &out)
	for _, flag := range []string{"redis-url", "namespace"} {
		if strings.Contains(out.String(), "--"+flag) {
			t.Errorf("--help has --%s", flag)
		}
	}
	if !strings.Contains(out.String(), "--log-level") {
		t.Error("--help lacks --log-level")
	}
}

func TestHelpNamesEveryVariable(t *testing.T) {
	var out bytes.Buffer
	if code := app(nil).main([]string{"probe", "--help"}, &out, &out); code != 0 {
		t.Fatalf("exit %d: %s", code, &out)
	}
	for _, v := range []string{"GLOW_MAX_WAIT", "GLOW_REDIS_URL", "GLOW_NAMESPACE", "GLOW_ADMIN_ADDR", "GLOW_ONCE", "FILE…"} {
		if !strings.Contains(out.String(), v) {
			t.Errorf("--help lacks %s:\n%s", v, &out)
		}
	}
}

func TestSystemdHears(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	t.Setenv("NOTIFY_SOCKET", path)
	t.Setenv("WATCHDOG_USEC", "1")
	a := app(func(_ context.Context, d *Daemon, _ *cli.Context) error {
		for range 2 {
			d.Trouble(errors.New("redis\nis away")) // told once
		}
		d.Ready()
		return nil
	})
	if code := a.main([]string{"probe"}, &bytes.Buffer{}, &bytes.Buffer{}); code != 0 {
		t.Fatalf("exit %d", code)
	}
	var heard []string
	fed := false
	for len(heard) == 0 || heard[len(heard)-1] != "STOPPING=1" {
		b := make([]byte, 64)
		n, err := conn.Read(b)
		if err != nil {
			t.Fatalf("heard %q, then %v", heard, err)
		}
		if s := string(b[:n]); s == "WATCHDOG=1" {
			fed = true
		} else {
			heard = append(heard, s)
		}
	}
	if want := []string{"STATUS=waiting: redis is away", "READY=1", "STATUS=", "STOPPING=1"}; !fed || !slices.Equal(heard, want) {
		t.Errorf("heard %q, want %q; watchdog fed: %t", heard, want, fed)
	}
}

func TestHealth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &Daemon{}
		d.health.init(func(string) string { return "" })
		get := func(path string) int {
			w := httptest.NewRecorder()
			mux := d.adminHandler()
			mux.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
			return w.Code
		}
		check := func(when string, live, ready int) {
			t.Helper()
			if l, r := get("/healthz"), get("/readyz"); l != live || r != ready {
				t.Errorf("%s: healthz %d, readyz %d; want %d, %d", when, l, r, live, ready)
			}
		}
		d.Metrics = newRegistry()
		check("starting", 200, 503)
		d.Ready()
		check("ready", 200, 200)
		d.Trouble(errors.New("redis is away"))
		check("redis away", 200, 503)
		d.Ready()
		time.Sleep(2 * time.Minute)
		check("stuck", 503, 503)
	})
}

// What waits beside the work loop is named, but never speaks for that loop.
func TestAside(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &Daemon{Log: slog.New(slog.DiscardHandler)}
		d.health.init(func(string) string { return "" })
		engine := d.Aside("the engine")
		engine.Over()
		if err := d.health.able(); err == nil || err.Error() != "starting" {
			t.Errorf("%v, want that it is starting", err)
		}
		d.Ready()
		for range 60 {
			if err := engine.Wait(t.Context(), errors.New("no route to it")); err != nil {
				t.Fatal(err)
			}
		}
		if d.health.alive() == nil {
			t.Error("it is alive by what waits beside it")
		}
		d.Trouble(errors.New("redis is away"))
		if got := d.health.able().Error(); got != "redis is away\nno route to it" {
			t.Errorf("not able: %q", got)
		}
		d.Ready()
		if d.health.able() == nil {
			t.Error("able while the engine is away")
		}
		engine.Over()
		if err := errors.Join(d.health.alive(), d.health.able()); err != nil {
			t.Error(err)
		}
	})
}

// A one-off command runs beside its daemon, with the daemon's environment.
func TestCommandsServeNoMetrics(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	t.Setenv("GLOW_ADMIN_ADDR", l.Addr().String())
	a := app(nil)
	a.Commands = []Command{{Name: "tell", Usage: "tells", Run: func(context.Context, *Daemon, *cli.Context) error { return nil }}}
	var out bytes.Buffer
	if code := a.main([]string{"probe", "tell"}, &out, &out); code != 0 || out.Len() > 0 {
		t.Errorf("exit %d: %s", code, &out)
	}
}
