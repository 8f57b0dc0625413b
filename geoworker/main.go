// Geoworker takes events from the queue, looks up where their addresses are and
// counts them in buckets of time.
package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/glowmap/glow/geoworker/work"
	"github.com/glowmap/glow/internal/daemon"
	"github.com/glowmap/glow/internal/grid"
)

const description = `Run as many as you like, on as many machines as you like: the queue spreads the
entries, and each is counted exactly once, whatever is killed when.

The GeoIP database is a City database in MaxMind's schema (GeoLite2, GeoIP2,
DB-IP). It is loaded again when the file changes; a new file that is broken is
refused, and counting goes on with the one in memory.`

func main() {
	daemon.Main(daemon.App{
		Name:        "geoworker",
		Usage:       "locates the queue's events and counts them in buckets",
		Description: description,
		Once:        "count until the queue is empty, then exit; also takes over what dead workers left",
		AdminAddr:   "127.0.0.1:9403",
		Scripts:     work.Scripts,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "geoip", Usage: "City database `FILE` (.mmdb) in MaxMind's schema"},
			&cli.Float64Flag{Name: "cell-degrees", Value: 0.5, Usage: "side of the map cells in degrees; the same for all workers of a feed"},
			&cli.StringFlag{Name: "max-located", Value: "256M", Usage: "take nothing from the queue while what waits for the archiver takes this `SIZE` of Redis's memory"},
			&cli.DurationFlag{Name: "claim-after", Value: 10 * time.Second, Usage: "take over entries that another worker has held for so long"},
		},
		Check: check,
		Run:   run,
	})
}

func check(c *cli.Context) error {
	_, err := config(c)
	return err
}

func config(c *cli.Context) (work.Config, error) {
	g, errGrid := grid.New(c.Float64("cell-degrees"))
	w := work.Config{GeoIP: c.String("geoip"), Grid: g, ClaimAfter: c.Duration("claim-after")}
	var errGeoIP, errClaim, errLocated error
	w.MaxLocated, errLocated = daemon.ParseSize(c.String("max-located"), 1<<20)
	if w.GeoIP == "" {
		errGeoIP = errors.New("a City database is needed, such as GeoLite2-City.mmdb")
	}
	if w.ClaimAfter < 100*time.Millisecond {
		errClaim = fmt.Errorf("%s: want at least 100ms, or workers take entries from each other's hands", w.ClaimAfter)
	}
	return w, errors.Join(daemon.Setting("geoip", errGeoIP), daemon.Setting("cell-degrees", errGrid), daemon.Setting("max-located", errLocated), daemon.Setting("claim-after", errClaim))
}

func run(ctx context.Context, d *daemon.Daemon, c *cli.Context) error {
	set, err := config(c)
	if err != nil {
		return err
	}
	w, err := work.New(d, set)
	if err != nil {
		return err
	}
	err = w.Run(ctx)
	if d.Once {
		fmt.Fprintln(d.Stderr, w.Summary())
	}
	return err
}
