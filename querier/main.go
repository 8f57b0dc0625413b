// Command querier answers questions about an archive, over HTTP.
package main

import (
	"github.com/urfave/cli/v2"

	"github.com/glowmap/glow/internal/daemon"
)

func main() { daemon.Main(daemon.App{Name: "querier", Flags: []cli.Flag{}}) }
