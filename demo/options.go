package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/glowmap/glow/demo/store"
)

// options are the flags, checked.
type options struct {
	listen, dashboard                string
	bin, page, dir, shares           string
	redis, redisURL, namespace       string
	target, endpoint, geoip          string
	log, format                      string
	rate                             float64
	day, history, rotate, for_, wait time.Duration
	seed                             uint64
}

func flags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "listen", Value: "localhost:8080", Usage: "`HOST:PORT` of the page; if taken, one of the next ports"},
		&cli.StringFlag{Name: "dashboard", Value: "localhost:8405", Usage: "`HOST:PORT` of the dashboard; if taken, one of the next ports; \"off\" for none"},
		&cli.StringFlag{Name: "page", Usage: "show the page in `DIR`, or \"plain\" for a plain one (default: what the program page builds, if it is there)"},
		&cli.StringFlag{Name: "bin", Usage: "`DIR` of tailer, sharehook, geoworker and publisher, archiver and querier (default: where demo is)"},
		&cli.Float64Flag{Name: "rate", Value: 300, Usage: "events a second, on average"},
		&cli.DurationFlag{Name: "day", Value: 10 * time.Minute, Usage: "how long a day lasts: the sun goes round that fast"},
		&cli.DurationFlag{Name: "history", Value: 15 * time.Minute, Usage: "how much of the past the log begins with"},
		&cli.DurationFlag{Name: "rotate", Value: 20 * time.Second, Usage: "how often the log is rotated; 0 for never"},
		&cli.Uint64Flag{Name: "seed", Usage: "of the random numbers: the same seed, the same people (default: another one each time)"},
		&cli.DurationFlag{Name: "for", Usage: "stop by itself after this time"},
		&cli.StringFlag{Name: "shares", Value: "hook", Usage: "\"hook\" has shares posted to sharehook, \"log\" writes them into the log"},
		&cli.StringFlag{Name: "embedded-redis", Value: "auto", Usage: "\"server\" for the installed redis-server, \"memory\" for one inside the demo, or \"auto\""},
		&cli.StringFlag{Name: "redis-url", Usage: "use this Redis (`URL`: redis://, rediss:// or unix://)"},
		&cli.StringFlag{Name: "namespace", Value: "demo", Usage: "prefix of every Redis key"},
		&cli.StringFlag{Name: "target", Usage: "publish to s3://BUCKET/PREFIX (with --s3-endpoint) or file:///DIR"},
		&cli.StringFlag{Name: "s3-endpoint", Usage: "`URL` of an S3 server, with credentials in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"},
		&cli.StringFlag{Name: "geoip", Usage: "use this City `FILE` (.mmdb)"},
		&cli.StringFlag{Name: "log", Usage: "follow this `FILE`, and write none"},
		&cli.StringFlag{Name: "format", Usage: "glow or combined: of the log (default: glow; combined with --log)"},
		&cli.StringFlag{Name: "dir", Usage: "work in `DIR` and leave everything there (default: a temporary one)"},
	}
}

// parse checks all flags and reports all bad ones at once.
func parse(c *cli.Context) (options, error) {
	o := options{
		listen: c.String("listen"), dashboard: c.String("dashboard"), bin: c.String("bin"), page: c.String("page"), dir: c.String("dir"),
		shares: c.String("shares"), redis: c.String("embedded-redis"), redisURL: c.String("redis-url"), namespace: c.String("namespace"),
		target: c.String("target"), endpoint: c.String("s3-endpoint"), geoip: c.String("geoip"),
		log: c.String("log"), format: c.String("format"), rate: c.Float64("rate"), seed: c.Uint64("seed"),
		day: c.Duration("day"), history: c.Duration("history"), rotate: c.Duration("rotate"), for_: c.Duration("for"),
		wait: 30 * time.Second,
	}
	var errs []error
	want := func(ok bool, flag, text string) {
		if !ok {
			errs = append(errs, fmt.Errorf("--%s: %s", flag, text))
		}
	}
	_, _, err := net.SplitHostPort(o.listen)
	want(err == nil, "listen", "want HOST:PORT")
	_, _, err = net.SplitHostPort(o.dashboard)
	want(err == nil || o.dashboard == "off", "dashboard", "want HOST:PORT or off")
	want(!c.Args().Present(), "log", fmt.Sprintf("unexpected argument %q (a log to follow is named with --log)", c.Args().First()))
	want(o.redis == "auto" || o.redis == "server" || o.redis == "memory", "embedded-redis", "want auto, server or memory")
	want(o.shares == "hook" || o.shares == "log", "shares", "want hook or log")
	want(o.rate > 0 && o.rate <= 100000, "rate", "want a number above 0, up to 100000")
	want(o.day >= time.Second, "day", "want at least 1s")
	want(o.history >= 0 && o.history <= 7*24*time.Hour, "history", "want 0 to 168h")
	want(o.format == "" || o.format == "glow" || o.format == "combined", "format", "want glow or combined")
	want(o.endpoint == "" || o.target != "", "target", "name the bucket too: --target s3://BUCKET/PREFIX")
	o.defaults()
	for _, name := range daemons {
		_, err := os.Stat(filepath.Join(o.bin, name))
		want(err == nil, "bin", fmt.Sprintf("there is no %s in %s (make build builds it)", name, o.bin))
	}
	return o, errors.Join(errs...)
}

// defaults fills in what depends on something else.
func (o *options) defaults() {
	if self, err := os.Executable(); o.bin == "" && err == nil {
		o.bin = filepath.Dir(self)
	}
	if o.format == "" {
		o.format = "glow"
		if o.log != "" {
			o.format = "combined"
		}
	}
	if o.seed == 0 {
		o.seed = rand.Uint64()
	}
	if o.target == "" {
		o.target = "s3://" + store.Bucket + "/demo"
	}
}

// daemons are the programs that must be there.
var daemons = []string{"tailer", "sharehook", "geoworker", "publisher"}
