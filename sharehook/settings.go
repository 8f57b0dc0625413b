package main

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/urfave/cli/v2"
	"golang.org/x/sys/unix"

	"github.com/glowmap/glow/internal/daemon"
	"github.com/glowmap/glow/sharehook/client"
	"github.com/glowmap/glow/sharehook/share"
)

// segmentBytes is the size of a segment of the spool: a few hundred thousand
// shares. The smallest spool has four.
const segmentBytes = 16 << 20

// settings are the flags, checked.
type settings struct {
	types    share.Types
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
	s.origins, err = share.ParseOrigins(nonEmpty(c.StringSlice("allowed-origins")))
	check("allowed-origins", err)
	s.client.Trusted, err = parseProxies(nonEmpty(c.StringSlice("trusted-proxies")))
	check("trusted-proxies", err)
	s.client.Header, err = parseHeader(c.String("client-ip-header"), s.client.Trusted)
	check("client-ip-header", err)
	s.spoolMax, err = parseSize(c.String("spool-max"))
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

// parseProxies reads networks; a single address is a network of one.
func parseProxies(list []string) ([]netip.Prefix, error) {
	var all []netip.Prefix
	for _, s := range list {
		s = strings.TrimSpace(s)
		p, err := netip.ParsePrefix(s)
		if a, errAddr := netip.ParseAddr(s); err != nil && errAddr == nil {
			p, err = netip.PrefixFrom(a, a.BitLen()), nil
		}
		if err != nil || p.Addr().Is4In6() {
			return nil, fmt.Errorf("%q: want a network such as 10.0.0.0/8 or 2001:db8::/32", s)
		}
		all = append(all, p.Masked())
	}
	return all, nil
}

var headerName = regexp.MustCompile(`^[A-Za-z0-9-]{1,64}$`)

func parseHeader(name string, trusted []netip.Prefix) (string, error) {
	if name != "" && !headerName.MatchString(name) {
		return "", fmt.Errorf("%q: want the name of a header, as in X-Real-IP", name)
	}
	if name != "" && len(trusted) == 0 {
		return "", errors.New("nobody is believed: name the proxies with --trusted-proxies")
	}
	return http.CanonicalHeaderKey(name), nil
}

// parseSize reads bytes with an optional K, M, G or T (powers of 1024).
func parseSize(s string) (int64, error) {
	digits, shift := strings.TrimSuffix(strings.ToUpper(strings.TrimSpace(s)), "B"), 0
	if n := len(digits); n > 0 {
		if i := strings.IndexByte("KMGT", digits[n-1]); i >= 0 {
			digits, shift = digits[:n-1], 10*(i+1)
		}
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < 0 || n > math.MaxInt64>>shift {
		return 0, fmt.Errorf("%q: want a size such as 500M or 4G", s)
	}
	if n <<= shift; n < 4*segmentBytes {
		return 0, fmt.Errorf("%q: want at least %dM", s, 4*segmentBytes>>20)
	}
	return n, nil
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
