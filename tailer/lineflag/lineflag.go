// Package lineflag has the flags that say how lines are read and which of them
// count, for all commands that read logs.
package lineflag

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/glowmap/glow/internal/daemon"
	"github.com/glowmap/glow/tailer/parse"
)

// Flags are the flags.
func Flags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "format", Value: "glow", Usage: "how lines look: glow (\"IP TIMESTAMP [TYPE]\"), combined (Apache, nginx), json, csv, cloudfront or s3access"},
		&cli.StringFlag{Name: "regexp", Usage: "how lines look, instead of --format: a regular expression with the groups (?P<ip>…), (?P<time>…) and perhaps type, status, request"},
		&cli.StringFlag{Name: "header", Usage: "the line that names the columns of CSV, with what separates them, as in ip;time;type; and of cloudfront its #Fields: line, if columns were chosen"},
		&cli.StringFlag{Name: "json-keys", Usage: "names of the fields in JSON lines, and of the columns of CSV, where they are others, as in ip=request.remote_ip,time=ts (of ip, time, type, status, request)"},
		&cli.StringFlag{Name: "time-layout", Usage: "how timestamps look, as Go's reference time: 2006-01-02T15:04:05; without it Unix seconds, milliseconds, RFC 3339 and Apache's form are told apart by themselves"},
		&cli.StringFlag{Name: "type", Value: "download", Usage: "type of the events of lines that name none"},
		&cli.StringFlag{Name: "attrs", Usage: "attributes to keep for the archive, from the query string of the request, members of JSON or columns of CSV, as in os,lang=locale for os and for lang, which lines call locale"},
		&cli.StringFlag{Name: "match", Usage: "only lines whose request (or which themselves, if the format has no request) match this regular expression count"},
		&cli.StringFlag{Name: "status", Usage: "only requests with these status codes count, as in 200,302"},
		&cli.StringFlag{Name: "not-before", Usage: "events before this `TIME` (RFC 3339 or Unix seconds) do not count"},
		&cli.StringFlag{Name: "exclude", Usage: "events from these addresses do not count, as in 10.0.0.0/8,2001:db8::1"},
	}
}

// Read reads the flags, and reports all that are wrong at once.
func Read(c *cli.Context) (parse.Options, error) {
	o := parse.Options{Format: c.String("format"), Header: c.String("header"), Type: c.String("type"), TimeLayout: c.String("time-layout")}
	var errs []error
	check := func(flag string, err error) { errs = append(errs, daemon.Setting(flag, err)) }
	var err error
	o.Regexp, err = expression(c.String("regexp"))
	check("regexp", err)
	o.Match, err = expression(c.String("match"))
	check("match", err)
	o.JSONKeys, err = parse.ParseJSONKeys(c.String("json-keys"))
	check("json-keys", err)
	o.Attrs, err = parse.ParseAttrs(c.String("attrs"))
	check("attrs", err)
	o.Status, err = statuses(c.String("status"))
	check("status", err)
	o.NotBefore, err = moment(c.String("not-before"))
	check("not-before", err)
	o.Exclude, err = prefixes(c.String("exclude"))
	check("exclude", err)
	return o, errors.Join(errs...)
}

// Check says what else is wrong with what was read, all of it; nil if
// parse.New takes it.
func Check(o parse.Options) error {
	var errs []error
	for _, problem := range parse.Check(o) {
		errs = append(errs, daemon.Setting(problem.Setting, problem.Err))
	}
	return errors.Join(errs...)
}

func expression(s string) (*regexp.Regexp, error) {
	if s == "" {
		return nil, nil
	}
	return regexp.Compile(s)
}

var statusCode = regexp.MustCompile(`^[1-9][0-9][0-9]$`)

func statuses(s string) ([]string, error) {
	list := split(s)
	for _, code := range list {
		if !statusCode.MatchString(code) {
			return nil, fmt.Errorf("%q: want status codes such as 200,302", code)
		}
	}
	return list, nil
}

func prefixes(s string) ([]netip.Prefix, error) {
	var list []netip.Prefix
	for _, text := range split(s) {
		p, err := netip.ParsePrefix(text)
		if addr, err2 := netip.ParseAddr(text); err2 == nil {
			p, err = addr.Prefix(addr.BitLen())
		}
		if err != nil {
			return nil, errors.New("want addresses or networks such as 10.0.0.0/8,2001:db8::1")
		}
		list = append(list, p.Masked())
	}
	return list, nil
}

func moment(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t, nil
	}
	var sec int64
	if _, err := fmt.Sscanf(s+"\n", "%d\n", &sec); err == nil {
		return time.Unix(sec, 0), nil
	}
	return time.Time{}, fmt.Errorf("%q: want a time such as 2026-03-24T14:00:00Z, or Unix seconds", s)
}

func split(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' })
}
