package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/redis/go-redis/v9"
	"github.com/urfave/cli/v2"

	"github.com/glowmap/glow/glow/etc"
	"github.com/glowmap/glow/internal/daemon"
	"github.com/glowmap/glow/internal/keys"
	"github.com/glowmap/glow/internal/rdb"
	"github.com/glowmap/glow/publisher/store"
)

// commonFlags are those of all our commands.
func commonFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "redis-url", Value: "redis://127.0.0.1:6379", Usage: "Redis `URL`, as the daemons have it"},
		&cli.StringFlag{Name: "namespace", Value: keys.DefaultNamespace, Usage: "prefix of every Redis key, as the daemons have it"},
		&cli.StringFlag{Name: "target", Usage: "where the feed goes, as the publisher has it: s3://BUCKET/PREFIX or file:///DIR"},
		&cli.StringFlag{Name: "s3-endpoint", Usage: "`URL` of an S3-compatible store other than AWS"},
		&cli.StringFlag{Name: "spool", Usage: "the sharehook's spool `DIR`"},
		&cli.StringFlag{Name: "etc", Value: "/etc/glow", Usage: "`DIR` of the daemons' environment files, whose settings stand in for those that are not given"},
		&cli.BoolFlag{Name: "json", Usage: "answer in JSON (docs/glow-json.md)"},
	}
}

// settings are what the commands share, from flags, environment and files.
type settings struct {
	c      *cli.Context
	files  etc.Settings
	denied []string
	errs   []error
}

func readSettings(c *cli.Context) *settings {
	s := &settings{c: c}
	s.files, s.denied = etc.Read(c.String("etc"))
	for _, one := range s.files {
		if _, set := os.LookupEnv(one.Name); !set && strings.HasPrefix(one.Name, "AWS_") {
			_ = os.Setenv(one.Name, one.Value)
		}
	}
	credentials := filepath.Join(c.String("etc"), "s3-credentials")
	if b, err := os.ReadFile(credentials); err == nil && len(b) > 0 && os.Getenv("AWS_SHARED_CREDENTIALS_FILE") == "" {
		_ = os.Setenv("AWS_SHARED_CREDENTIALS_FILE", credentials) // as publisher.service does
	}
	return s
}

// check notes what is wrong with a setting.
func (s *settings) check(flag string, err error) { s.errs = append(s.errs, daemon.Setting(flag, err)) }

// err is all that is wrong.
func (s *settings) err() error { return errors.Join(s.errs...) }

// text is the value of a setting: of the flag or its variable, else of the files.
func (s *settings) text(flag string) string {
	if v := s.files.Get(daemon.EnvVar(flag)); v != "" && !s.c.IsSet(flag) {
		return v
	}
	return s.c.String(flag)
}

// redis makes the client, and the URL without what is secret in it.
func (s *settings) redis() (*redis.Client, string) {
	c, err := rdb.OpenReader(s.text("redis-url"))
	s.check("redis-url", err)
	return c, redacted(s.text("redis-url"))
}

// redacted is a URL without user, password and parameters. It may name several
// hosts, so that net/url does not read it.
func redacted(text string) string {
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok {
		return "redis"
	}
	rest, _, _ = strings.Cut(rest, "?")
	return scheme + "://" + rest[strings.LastIndexByte(rest, '@')+1:]
}

func (s *settings) keys() keys.Keys {
	k, err := keys.New(s.text("namespace"))
	s.check("namespace", err)
	return k
}

// target makes the store of --target; nil if there is none. That a target from
// the files cannot be used is an error only where it must be.
func (s *settings) target(ctx context.Context) store.Store {
	name := s.text("target")
	if name == "" {
		return nil
	}
	s.check("s3-endpoint", store.CheckEndpoint(s.text("s3-endpoint")))
	t, err := store.New(ctx, name, store.Options{Endpoint: s.text("s3-endpoint")})
	if err != nil && s.c.IsSet("target") {
		s.check("target", err)
	}
	if err != nil {
		return nil
	}
	return t
}

// defaultSpool is where our unit has systemd keep it.
const defaultSpool = "/var/lib/sharehook"

func (s *settings) spool() string {
	if dir := s.text("spool"); dir != "" {
		return dir
	}
	if _, err := os.Stat(defaultSpool); err == nil {
		return defaultSpool
	}
	return ""
}
