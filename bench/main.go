// Bench measures how fast Glow is, against what others have and against the
// machine itself; `make bench` runs it. Every count that it makes is checked.
package main

import (
	"fmt"
	"os"

	"github.com/urfave/cli/v2"

	"github.com/glowmap/glow/bench/role"
)

func main() {
	if len(os.Args) > 2 && os.Args[1] == "role" { // a process of its own, see package role
		exit(role.Main(os.Args[2], os.Args[3:], os.Stdout))
		return
	}
	exit(app().Run(os.Args))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func app() *cli.App {
	return &cli.App{
		Name:            "bench",
		Usage:           "measure Glow, what others have for the same counts, and the limits of this machine",
		HideHelpCommand: true,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "mode", Value: "full", EnvVars: []string{"BENCH"}, Usage: "`WHAT`: smoke (20 s), quick (2 min), full (10 min), growth, week, or a part of full: glow, hops, limits, followers, peers, rotation, latency, shares, publish; of growth: backlog, viewers; or history (10 min)"},
			&cli.StringFlag{Name: "geoip", EnvVars: []string{"GLOW_GEOIP"}, Usage: "City database `FILE` (default: DB-IP City Lite, fetched once)"},
			&cli.StringFlag{Name: "root", Value: ".", Usage: "`DIR` of the repository"},
			&cli.StringFlag{Name: "bin", Value: "bin", Usage: "`DIR` with Glow's programs"},
			&cli.StringFlag{Name: "dir", Usage: "`DIR` for logs and everything else, 1 GB (default: a temporary one)"},
			&cli.StringFlag{Name: "results", Value: "bench/results", Usage: "`DIR` for the figures as JSON"},
			&cli.StringFlag{Name: "commit", Usage: "`NAME` of what is measured (default: asks git)"},
			&cli.IntFlag{Name: "lines", Usage: "lines of the log (default: the whole day, 8,002,530, or fewer with smaller modes)"},
			&cli.IntFlag{Name: "events", Value: 100_000_000, Usage: "events of the archive that history asks about; it is made once, in 3 minutes, and kept in ~/.cache/glow-bench"},
			&cli.IntFlag{Name: "sample", Usage: "lines for what is slow (default: 100,000, or fewer with smaller modes)"},
			&cli.IntFlag{Name: "rounds", Usage: "how many times each case is run (default: 5, or fewer with smaller modes)"},
		},
		Action: run,
	}
}
