// Package daemon is the skeleton that all Glow daemons share: flags with their
// environment variables, the log, the Redis client, metrics and health, word
// to systemd, signals and exit codes. Knowing one daemon is knowing all.
package daemon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/urfave/cli/v2"

	"github.com/glowmap/glow/internal/keys"
	"github.com/glowmap/glow/internal/rdb"
)

// Version is set by the linker.
var Version = "dev"

// Run is the body of a daemon or of one of its commands. It returns nil only
// if it stopped cleanly and all that it had taken on is written; an error
// never becomes a success because ctx was cancelled.
type Run func(ctx context.Context, d *Daemon, c *cli.Context) error

// App describes a daemon.
type App struct {
	Name        string
	Usage       string // half a sentence
	Description string // what --help teaches
	ArgsUsage   string // "FILE…"; empty: no arguments are taken
	Once        string // what --once does; empty: there is no such flag
	AdminAddr   string // default of --admin-addr
	NoRedis     bool   // it needs none, and has no settings for it
	Scripts     []*rdb.Script
	Flags       []cli.Flag
	Check       Check
	Run         Run
	Commands    []Command
}

// Check looks at the app's own settings and reports all bad ones, joined. It
// touches nothing: it runs before the daemon listens or connects.
type Check func(c *cli.Context) error

// Command is a one-off task of a daemon, such as "publisher setup".
type Command struct {
	Name, Usage, Description string
	ArgsUsage                string // "FILE…"; empty: no arguments are taken
	Flags                    []cli.Flag
	Run                      Run
	Commands                 []Command // instead of Run
}

// Daemon is what a running daemon stands on.
type Daemon struct {
	Name    string
	Log     *slog.Logger
	Redis   *rdb.Client // nil with NoRedis, which has no Keys either
	Keys    keys.Keys
	Metrics *prometheus.Registry
	Once    bool      // do what there is, then exit
	Stdout  io.Writer // answers of commands
	Stderr  io.Writer // summaries; the log goes there too

	health health
}

// Main runs the app with the process's arguments and exits: 0 after a clean
// stop, 1 after a failure, 2 after a usage mistake. SIGTERM and SIGINT stop
// it; a second one kills.
func Main(app App) {
	os.Exit(app.main(os.Args, os.Stdout, os.Stderr))
}

func (a App) main(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	err := a.cli(stdout, stderr).RunContext(ctx, args)
	if err == nil {
		return 0
	}
	fmt.Fprintf(stderr, "%s: %v\n", a.Name, err)
	if IsUsage(err) {
		fmt.Fprintf(stderr, "See %q.\n", a.Name+" --help")
		return 2
	}
	return 1
}

func (a App) cli(stdout, stderr io.Writer) *cli.App {
	app := &cli.App{
		Name:            a.Name,
		Usage:           a.Usage,
		Description:     a.Description,
		ArgsUsage:       a.ArgsUsage,
		UsageText:       strings.TrimSpace(a.Name + " [options] " + a.ArgsUsage),
		Version:         Version,
		Flags:           WithEnv(append(a.Flags, a.commonFlags()...)),
		HideHelpCommand: true,
		Writer:          stdout,
		ErrWriter:       stderr,
		ExitErrHandler:  func(*cli.Context, error) {}, // Main decides
		OnUsageError:    func(_ *cli.Context, err error, _ bool) error { return usage{err} },
		Action: func(c *cli.Context) error {
			return a.start(c, a.ArgsUsage != "", a.Check, served(a.Run), stdout, stderr)
		},
	}
	for _, cmd := range a.Commands {
		app.Commands = append(app.Commands, a.command(a.Name, cmd, app.OnUsageError, stdout, stderr))
	}
	return app
}

// command is a command of before, which is the daemon or another command.
func (a App) command(before string, cmd Command, onUsageError cli.OnUsageErrorFunc, stdout, stderr io.Writer) *cli.Command {
	name := before + " " + cmd.Name
	c := &cli.Command{
		Name:            cmd.Name,
		Usage:           cmd.Usage,
		Description:     cmd.Description,
		HideHelpCommand: true,
		OnUsageError:    onUsageError,
	}
	for _, sub := range cmd.Commands {
		c.Subcommands = append(c.Subcommands, a.command(name, sub, onUsageError, stdout, stderr))
	}
	if len(cmd.Commands) > 0 {
		c.Action = func(c *cli.Context) error { return Usagef("%s wants a command: see %s --help", name, name) }
		return c
	}
	c.ArgsUsage = cmd.ArgsUsage
	c.UsageText = strings.TrimSpace(name + " [options] " + cmd.ArgsUsage)
	c.Flags = WithEnv(append(cmd.Flags, a.sharedFlags()...))
	c.Action = func(c *cli.Context) error {
		return a.start(c, cmd.ArgsUsage != "", nil, cmd.Run, stdout, stderr)
	}
	return c
}

// start makes the Daemon out of the common flags and runs its body.
func (a App) start(c *cli.Context, takesArgs bool, check Check, run Run, stdout, stderr io.Writer) (err error) {
	if !takesArgs && c.Args().Present() {
		return Usagef("unexpected argument %q", c.Args().First())
	}
	for _, arg := range c.Args().Slice() {
		if strings.HasPrefix(arg, "-") && arg != "-" {
			return Usagef("%s stands behind an argument: options go before arguments (or write ./%[1]s for a file of that name)", arg)
		}
	}
	var own error
	if check != nil {
		own = check(c)
	}
	log, errLog := newLog(c, a.Name, stderr)
	d := &Daemon{
		Name: a.Name, Log: log, Metrics: newRegistry(),
		Once: a.Once != "" && c.Bool("once"), Stdout: stdout, Stderr: stderr,
	}
	var errKeys, errRedis error
	if !a.NoRedis {
		d.Keys, errKeys = keys.New(c.String("namespace"))
		d.Redis, errRedis = rdb.Open(c.String("redis-url"), a.Scripts...)
	}
	if err := errors.Join(own, errLog, Setting("namespace", errKeys), Setting("redis-url", errRedis)); err != nil {
		return err
	}
	if d.Redis != nil {
		defer d.Redis.Close()
	}
	d.health.init(os.Getenv)
	err = run(c.Context, d, c)
	d.health.notify("STOPPING=1")
	if err == nil && c.Context.Err() != nil {
		log.Info("stopped", "cause", context.Cause(c.Context))
	}
	return err
}

// served runs the daemon itself beside its admin server; one-off commands have none.
func served(run Run) Run {
	return func(ctx context.Context, d *Daemon, c *cli.Context) error {
		stopAdmin, err := d.serveAdmin(c)
		if err != nil {
			return err
		}
		defer stopAdmin()
		return run(ctx, d, c)
	}
}

// usage is an error of whoever typed the command; it ends in exit status 2.
type usage struct{ error }

// Unwrap is what was wrong.
func (u usage) Unwrap() error { return u.error }

// Usagef makes a usage error.
func Usagef(format string, args ...any) error { return usage{fmt.Errorf(format, args...)} }

// Setting says that err came from the value of a flag, naming both it and its
// environment variable; nil for nil. Join several, so that all bad settings
// are reported at once.
func Setting(flag string, err error) error {
	if err == nil {
		return nil
	}
	return usage{fmt.Errorf("--%s (or %s): %w", flag, EnvVar(flag), err)}
}

// IsUsage says whether err is a mistake of whoever typed the command.
func IsUsage(err error) bool {
	var u usage
	return errors.As(err, &u)
}

func newLog(c *cli.Context, name string, w io.Writer) (*slog.Logger, error) {
	var level slog.Level
	var errLevel, errFormat error
	if err := level.UnmarshalText([]byte(c.String("log-level"))); err != nil {
		errLevel = fmt.Errorf("%q: want debug, info, warn or error", c.String("log-level"))
	}
	o := &slog.HandlerOptions{Level: level}
	var h slog.Handler = slog.NewTextHandler(w, o)
	switch f := c.String("log-format"); f {
	case "json":
		h = slog.NewJSONHandler(w, o)
	case "text":
	default:
		errFormat = fmt.Errorf("%q: want text or json", f)
	}
	return slog.New(h).With("daemon", name), errors.Join(Setting("log-level", errLevel), Setting("log-format", errFormat))
}
