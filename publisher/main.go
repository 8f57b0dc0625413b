// Command publisher puts the buckets that geoworker fills as snapshots where
// the page reads them: into an S3 bucket or a web server's folder.
package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/glowmap/glow/internal/bucket"
	"github.com/glowmap/glow/internal/daemon"
	"github.com/glowmap/glow/internal/lease"
	"github.com/glowmap/glow/publisher/counts"
	"github.com/glowmap/glow/publisher/feed"
	"github.com/glowmap/glow/publisher/store"
)

func main() { daemon.Main(app()) }

func app() daemon.App {
	return daemon.App{
		Name:  "publisher",
		Usage: "publishes what was counted to S3 or to a folder",
		Once:  "publish until nothing is left to do, then exit",
		Flags: append(targetFlags(), feedFlags()...), AdminAddr: "127.0.0.1:9404",
		Scripts: slices.Concat(counts.Scripts, lease.Scripts),
		Check:   check, Run: run, Commands: commands(),
	}
}

func check(c *cli.Context) error {
	_, errTarget := openTarget(c.Context, c)
	_, err := settings(c)
	return errors.Join(errTarget, err)
}

func run(ctx context.Context, d *daemon.Daemon, c *cli.Context) error {
	target, errTarget := openTarget(ctx, c)
	set, err := settings(c)
	if err := errors.Join(errTarget, err); err != nil {
		return err
	}
	p := feed.New(d, target, set)
	err = p.Run(ctx)
	if d.Once {
		fmt.Fprintln(d.Stderr, p.Summary())
	}
	return err
}

// openTarget makes the store of --target.
func openTarget(ctx context.Context, c *cli.Context) (store.Store, error) {
	if c.String("target") == "" {
		return nil, daemon.Setting("target", errors.New("say where to publish: s3://BUCKET/PREFIX or file:///DIR"))
	}
	if err := store.CheckEndpoint(c.String("s3-endpoint")); err != nil {
		return nil, daemon.Setting("s3-endpoint", err)
	}
	s, err := store.New(ctx, c.String("target"), store.Options{Endpoint: c.String("s3-endpoint")})
	if errors.Is(err, store.ErrSettings) {
		return nil, err
	}
	return s, daemon.Setting("target", err)
}

func settings(c *cli.Context) (feed.Settings, error) {
	set := feed.Settings{
		Every: c.Duration("every"), InFlight: c.Int("in-flight"), Delay: c.Int("delay"), Attribution: c.String("attribution"),
		RecoverTimeout: c.Duration("recover-timeout"), Feed2014: c.Bool("feed-2014"),
		Retention: map[bucket.Period]time.Duration{
			bucket.TenSeconds: time.Hour, bucket.Minute: c.Duration("keep-minutes"), bucket.Hour: c.Duration("keep-hours"),
		},
	}
	return set, errors.Join(
		// The heart beats in each pass, and must beat every ten seconds.
		between(c, "every", 100*time.Millisecond, 10*time.Second),
		between(c, "keep-minutes", 2*time.Hour, forEver), between(c, "keep-hours", 48*time.Hour, forEver),
		positive(c, "in-flight"), positive(c, "delay"))
}

func between(c *cli.Context, flag string, least, most time.Duration) error {
	if d := c.Duration(flag); d < least || d > most {
		return daemon.Setting(flag, fmt.Errorf("%s: want %s to %s", d, least, most))
	}
	return nil
}

// forEver is longer than anybody keeps anything.
const forEver = 100 * 365 * 24 * time.Hour

func positive(c *cli.Context, flag string) error {
	if c.Int(flag) < 1 {
		return daemon.Setting(flag, fmt.Errorf("%d: want at least 1", c.Int(flag)))
	}
	return nil
}
