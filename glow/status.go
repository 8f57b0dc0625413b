package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/glowmap/glow/glow/status"
	"github.com/glowmap/glow/glow/term"
	"github.com/glowmap/glow/internal/daemon"
)

const statusDescription = `Is all well? Shows what waits in the queue and who works on it, how far each log
is read, what was counted and dropped, what waits to be published, when the feed
last was, and how Redis is. Then the exit status says:

   0  all is well
   1  something is wrong; each problem comes with what it means and what to do
   2  it cannot be told, as Redis does not answer; or a mistake in the command

What waits for longer than --max-lag is a problem. How far a log is read is
compared with its end on the host that has the log; elsewhere that end is
unknown. When the feed was last published is read at --target, or asked of the
publisher's admin server.

   glow status                     for people
   glow status --follow            live, like top; Ctrl-C ends it
   glow status --brief             one line, for Nagios and its kin
   glow status --json              for programs
   glow status --admin host1:9401 --admin host2:9403    these must answer`

// defaultAdmins are where the daemons of our units answer on this host.
var defaultAdmins = []string{
	"127.0.0.1:9401", "127.0.0.1:9402", "127.0.0.1:9403", "127.0.0.1:9404", "127.0.0.1:9405", "127.0.0.1:9406", "127.0.0.1:9411", "127.0.0.1:9412", "127.0.0.1:9413", "127.0.0.1:9414",
}

func statusCommand(stdout *os.File) *cli.Command {
	flags := []cli.Flag{
		&cli.DurationFlag{Name: "max-lag", Value: time.Minute, Usage: "what waits for longer is a problem"},
		&cli.BoolFlag{Name: "follow", Usage: "look again and again, until Ctrl-C: drawn anew on a terminal, else a line each time"},
		&cli.DurationFlag{Name: "every", Value: 2 * time.Second, Usage: "time between two looks of --follow"},
		&cli.BoolFlag{Name: "brief", Usage: "answer in one line"},
		&cli.StringSliceFlag{Name: "admin", Usage: "`HOST:PORT` of a daemon's admin server, which must answer; \"off\" for none (default: those of our units on this host, as far as they answer)"},
	}
	return command("status", "is all well?", statusDescription, flags, func(c *cli.Context) error { return runStatus(c, stdout) })
}

func runStatus(c *cli.Context, stdout *os.File) error {
	s := readSettings(c)
	redis, url := s.redis()
	o := status.Options{
		Redis: redis, URL: url, Namespace: s.text("namespace"), Keys: s.keys(), MaxLag: c.Duration("max-lag"),
		Target: s.target(c.Context), TargetName: s.text("target"), TargetAsked: c.IsSet("target"), Spool: s.spool(),
		Admin: c.StringSlice("admin"), AdminAsked: c.IsSet("admin"),
	}
	switch {
	case !o.AdminAsked:
		o.Admin = defaultAdmins
	case slices.Equal(o.Admin, []string{"off"}):
		o.Admin = nil
	}
	if o.MaxLag <= 0 {
		s.check("max-lag", errors.New("want a duration such as 60s"))
	}
	if c.Duration("every") < 100*time.Millisecond {
		s.check("every", errors.New("want at least 100ms"))
	}
	if err := s.err(); err != nil {
		return err
	}
	defer redis.Close()
	looker := status.New(o)
	if c.Bool("follow") {
		screen := status.Screen{
			Out: stdout, Terminal: term.Is(stdout), Colours: term.Coloured(stdout), JSON: c.Bool("json"), Rows: func() int { return term.Rows(stdout) },
		}
		return looker.Follow(c.Context, c.Duration("every"), screen)
	}
	return showStatus(c, looker.Look(c.Context), stdout)
}

func showStatus(c *cli.Context, r *status.Report, stdout *os.File) error {
	var err error
	switch {
	case c.Bool("json"):
		err = writeJSON(stdout, r)
	case c.Bool("brief"):
		_, err = fmt.Fprintln(stdout, r.Brief())
	default:
		_, err = fmt.Fprint(stdout, r.Text(term.Coloured(stdout)))
	}
	if err != nil {
		return fmt.Errorf("show the status: %w", err)
	}
	if c.Context.Err() != nil {
		return daemon.Usagef("stopped before all was seen")
	}
	return map[status.State]error{status.Wrong: exit(1), status.Unknown: exit(2)}[r.State]
}

// writeJSON writes JSON that people may read too.
func writeJSON(f *os.File, v any) error {
	e := json.NewEncoder(f)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
