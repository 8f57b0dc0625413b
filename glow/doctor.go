package main

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/glowmap/glow/glow/doctor"
	"github.com/glowmap/glow/glow/term"
	"github.com/glowmap/glow/internal/daemon"
	"github.com/glowmap/glow/publisher/store"
)

const doctorDescription = `Looks for what is missing for the guarantees: in Redis (version, durability,
eviction, rights), under the logs (who may read them, the file system, what
logrotate does to them), in the sharehook's spool, at the target (rights, CORS,
conditional PUTs, caching), in the GeoIP database, under a querier (archive,
tokens, folders), in the clocks and the environment files. Each finding is ok, a note, a warning or an error, with what it means and
what to do. Without options it looks at what /etc/glow/*.env names.

It changes nothing, but for one small probe file in the spool and one in the
target (v1/glow-doctor.json in a bucket), each of which it deletes again;
--read-only leaves these out. It opens the GeoIP database as a worker does, which
takes a moment and memory. Run it as root, or it cannot see who may read what.

   glow doctor                                  as installed
   glow doctor --redis-url redis://db:6379 --log /var/log/nginx/access.log

Exit status: 0 nothing worse than a note; 1 a warning or an error; 2 a mistake in
the command.`

func doctorCommand(stdout *os.File) *cli.Command {
	flags := []cli.Flag{
		&cli.StringSliceFlag{Name: "log", Usage: "log `FILE` or glob that a tailer follows; may be given several times"},
		&cli.StringFlag{Name: "tailer-user", Usage: "`USER` that the tailer runs as (default: as in our unit, one that systemd makes up, in the group adm)"},
		&cli.DurationFlag{Name: "survive", Value: 72 * time.Hour, Usage: "longest outage that rotated logs should outlast"},
		&cli.StringFlag{Name: "geoip", Usage: "City database `FILE`"},
		&cli.BoolFlag{Name: "read-only", Usage: "write no probe files"},
		&cli.StringFlag{Name: "root", Value: "/", Usage: "`DIR` under which the configuration of logrotate and systemd is looked for"},
	}
	return command("doctor", "what is missing for the guarantees?", doctorDescription, flags, func(c *cli.Context) error { return runDoctor(c, stdout) })
}

func runDoctor(c *cli.Context, stdout *os.File) error {
	s := readSettings(c)
	redis, shown := s.redis()
	s.check("s3-endpoint", store.CheckEndpoint(s.text("s3-endpoint")))
	if c.Duration("survive") < 0 {
		s.check("survive", errors.New("want a duration such as 72h"))
	}
	o := doctor.Options{
		Redis: redis, URL: shown, Local: local(s.text("redis-url")), Namespace: s.text("namespace"), Keys: s.keys(),
		Logs: s.logs(), TailerUser: c.String("tailer-user"), Survive: c.Duration("survive"), Spool: s.spool(), GeoIP: s.text("geoip"),
		Target: s.text("target"), Endpoint: s.text("s3-endpoint"), ReadOnly: c.Bool("read-only"),
		Etc: c.String("etc"), Files: s.files, Denied: s.denied, Root: c.String("root"),
	}
	if err := s.err(); err != nil {
		return err
	}
	defer redis.Close()
	r := doctor.Examine(c.Context, o)
	var err error
	if c.Bool("json") {
		err = writeJSON(stdout, r)
	} else {
		_, err = fmt.Fprint(stdout, r.Text(term.Coloured(stdout)))
	}
	switch {
	case err != nil:
		return fmt.Errorf("show what was found: %w", err)
	case c.Context.Err() != nil:
		return daemon.Usagef("stopped before all was looked at")
	case r.Worst == doctor.Warning || r.Worst == doctor.Error:
		return exit(1)
	}
	return nil
}

// logs are those given, else those that the unit's tailers follow.
func (s *settings) logs() (paths []string) {
	if s.c.IsSet("log") {
		return s.c.StringSlice("log")
	}
	for _, value := range s.files.All("TAILER_FILES") {
		paths = append(paths, strings.Fields(value)...)
	}
	return paths
}

// local says whether a Redis URL is of this host. Where the Redis is that
// Sentinels name it does not say, wherever they are.
func local(redisURL string) bool {
	u, err := url.Parse(redisURL)
	return err == nil && !strings.HasSuffix(u.Scheme, "+sentinel") && (u.Scheme == "unix" || u.Hostname() == "127.0.0.1" || u.Hostname() == "::1" || u.Hostname() == "localhost")
}
