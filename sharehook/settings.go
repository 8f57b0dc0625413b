package main

import (
	"cmp"
	"errors"
	"math"
	"net"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/urfave/cli/v2"
	"golang.org/x/sys/unix"

	"github.com/glowmap/glow/internal/daemon"
	"github.com/glowmap/glow/sharehook/client"
	"github.com/glowmap/glow/sharehook/share"
	"github.com/glowmap/glow/tailer/parse"
)

// segmentBytes is the size of a segment of the spool: a few hundred thousand
// shares. The smallest spool has four.
const segmentBytes = 16 << 20

// settings are the flags, checked.
type settings struct {
	types    share.Types
	attrs    share.Attrs
	origins  share.Origins
	client   client.Finder
	rate     float64
	burst    int
	conns    int
	spool    string
	spoolMax int64
	keep     time.Duration
	stop     time.Duration
}

// readSettings checks all flags and reports all bad ones at once.
func readSettings(c *cli.Context) (settings, error) {
	s := settings{
		rate: c.Float64("rate"), burst: c.Int("burst"), conns: c.Int("max-connections"),
		keep: c.Duration("spool-keep"), stop: c.Duration("stop-timeout"),
	}
	var errs []error
	check := func(flag string, err error) { errs = append(errs, daemon.Setting(flag, err)) }
	_, _, err := net.SplitHostPort(c.String("listen"))
	check("listen", err)
	s.types, err = share.ParseTypes(c.StringSlice("types"))
	check("types", err)
	s.attrs, err = parse.ParseAttrs(c.String("attrs"))
	check("attrs", err)
	s.origins, err = share.ParseOrigins(nonEmpty(c.StringSlice("allowed-origins")))
	check("allowed-origins", err)
	s.client.Trusted, err = client.ParseNetworks(nonEmpty(c.StringSlice("trusted-proxies")))
	check("trusted-proxies", err)
	s.client.Header, err = client.ParseHeader(c.String("client-ip-header"), s.client.Trusted)
	check("client-ip-header", err)
	s.spoolMax, err = daemon.ParseSize(c.String("spool-max"), 4*segmentBytes)
	check("spool-max", err)
	s.spool, err = filepath.Abs(cmp.Or(c.String("spool"), defaultSpool()))
	check("spool", err)
	check("rate", want(s.rate >= 0 && !math.IsInf(s.rate, 0), "want 0 or more"))
	check("burst", want(s.burst >= 1, "want 1 or more"))
	check("max-connections", want(s.conns >= 1, "want 1 or more"))
	check("spool-keep", want(s.keep >= 0, "want 0 or more"))
	check("stop-timeout", want(s.stop > 0, "want more than 0"))
	return s, errors.Join(errs...)
}

func want(ok bool, otherwise string) error {
	if ok {
		return nil
	}
	return errors.New(otherwise)
}

// nonEmpty makes an empty environment variable mean an empty list.
func nonEmpty(list []string) []string {
	if len(list) == 1 && strings.TrimSpace(list[0]) == "" {
		return nil
	}
	return list
}

// defaultSpool is systemd's state directory for us, else the user's.
func defaultSpool() string {
	if dir, _, _ := strings.Cut(os.Getenv("STATE_DIRECTORY"), ":"); dir != "" {
		return dir
	}
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "glow", "sharehook")
	}
	if home, err := os.UserHomeDir(); err == nil && os.Getuid() != 0 {
		return filepath.Join(home, ".local", "state", "glow", "sharehook")
	}
	return "/var/lib/glow/sharehook"
}

// affordable is how many connections the limit on open files leaves us.
func affordable(conns int) int {
	const others = 200 // Redis, segments, admin
	var l unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &l) != nil || l.Cur > math.MaxInt32 {
		return conns
	}
	return max(min(conns, int(l.Cur)-others), 1)
}
