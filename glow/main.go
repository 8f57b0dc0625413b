// Glow is the operator's command: it says whether all is well (status), what a
// machine lacks for the guarantees (doctor), and whether the counts agree with
// the archive (recount).
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/urfave/cli/v2"

	"github.com/glowmap/glow/internal/daemon"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal kills
	os.Exit(run(ctx, os.Args, os.Stdout, os.Stderr))
}

// exit is an exit status of which all has been said.
type exit int

// Error is never shown.
func (e exit) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

func run(ctx context.Context, args []string, stdout *os.File, stderr io.Writer) int {
	err := app(stdout, stderr).RunContext(ctx, args)
	var status exit
	switch {
	case err == nil:
		return 0
	case errors.As(err, &status):
		return int(status)
	}
	fmt.Fprintf(stderr, "glow: %v\n", err)
	if daemon.IsUsage(err) {
		fmt.Fprintln(stderr, `See "glow --help".`)
		return 2
	}
	return 1
}

const description = `Only ever reads from Redis (but for recount --apply), and asks for little at a
time: it may be run at any moment, by monitoring too. Settings that are not given are taken from the
environment (GLOW_REDIS_URL for --redis-url) and then from /etc/glow/*.env.`

func app(stdout *os.File, stderr io.Writer) *cli.App {
	return &cli.App{
		Name: "glow", Usage: "says whether all is well, what is missing, and whether the counts are right", UsageText: "glow COMMAND [options]",
		Description: description, Version: daemon.Version, HideHelpCommand: true,
		Writer: stdout, ErrWriter: stderr,
		ExitErrHandler: func(*cli.Context, error) {}, // main decides
		OnUsageError:   usageError,
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return daemon.Usagef("unknown command %q", c.Args().First())
			}
			_ = cli.ShowAppHelp(c)
			return exit(2)
		},
		Commands: []*cli.Command{statusCommand(stdout), doctorCommand(stdout), recountCommand(stdout)},
	}
}

func usageError(_ *cli.Context, err error, _ bool) error { return daemon.Usagef("%w", err) }

// command makes one of our commands; a further one begins here.
func command(name, usage, description string, flags []cli.Flag, run func(*cli.Context) error) *cli.Command {
	return &cli.Command{
		Name: name, Usage: usage, Description: description, UsageText: "glow " + name + " [options]",
		Flags: daemon.WithEnv(append(flags, commonFlags()...)), HideHelpCommand: true, OnUsageError: usageError,
		Action: func(c *cli.Context) error {
			if c.Args().Present() {
				return daemon.Usagef("unexpected argument %q", c.Args().First())
			}
			return run(c)
		},
	}
}
