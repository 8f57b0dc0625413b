// Sharehook takes shares from the web and queues them to be counted.
package main

import (
	"time"

	"github.com/urfave/cli/v2"

	"github.com/glowmap/glow/internal/daemon"
	"github.com/glowmap/glow/internal/rdb"
	"github.com/glowmap/glow/tailer/push"
)

func main() {
	daemon.Main(daemon.App{
		Name:        "sharehook",
		Usage:       "take shares over HTTP and queue them to be counted",
		Description: description,
		AdminAddr:   "127.0.0.1:9402",
		Scripts:     []*rdb.Script{push.Script},
		Flags:       flags(),
		Check:       check,
		Run:         run,
	})
}

func check(c *cli.Context) error {
	_, err := readSettings(c)
	return err
}

const description = `Takes POST /share with type=twitter (a form or JSON) and answers 204 once the
share is on the disk of the spool. From there it is queued exactly once,
whatever happens to Redis or to sharehook. Put it behind a proxy that speaks
TLS, name that proxy with --trusted-proxies, and name the pages that may send
shares with --allowed-origins.`

func flags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "listen", Value: "127.0.0.1:8484", Usage: "`HOST:PORT` to take shares on"},
		&cli.StringSliceFlag{Name: "types", Value: cli.NewStringSlice("twitter", "facebook"), Usage: "networks whose shares count, as share:NAME"},
		&cli.StringFlag{Name: "attrs", Usage: "fields of a share to keep as attributes for the archive, as in lang,page=path for lang and for page, which shares call path"},
		&cli.StringSliceFlag{Name: "allowed-origins", Usage: "web `ORIGINS` that may send shares, as in https://glow.example.org; * for all (default: only pages of the same host)"},
		&cli.StringSliceFlag{Name: "trusted-proxies", Usage: "`CIDRS` of proxies whose forwarding header is believed"},
		&cli.StringFlag{Name: "client-ip-header", Usage: "the one `HEADER` in which they say whom they forward (default: X-Forwarded-For or Forwarded, whichever is there)"},
		&cli.Float64Flag{Name: "rate", Value: 5, Usage: "requests a second that one IPv4 address or IPv6 /64 may send in the long run; 0 for no limit"},
		&cli.IntFlag{Name: "burst", Value: 50, Usage: "requests that it may send at once"},
		&cli.IntFlag{Name: "max-connections", Value: 16384, Usage: "open connections; beyond, the one that has waited longest is closed"},
		&cli.StringFlag{Name: "spool", Usage: "`DIR` that keeps shares until they are safely queued (default: systemd's state directory, else /var/lib/glow/sharehook for root and ~/.local/state/glow/sharehook for others)"},
		&cli.StringFlag{Name: "spool-max", Value: "4G", Usage: "largest `SIZE` of the spool, as in 500M or 4G"},
		&cli.DurationFlag{Name: "spool-keep", Value: 24 * time.Hour, Usage: "how long queued shares stay in the spool, in case Redis is restored from a backup"},
		&cli.DurationFlag{Name: "stop-timeout", Value: 10 * time.Second, Usage: "longest time to finish requests, and then to queue what is in the spool, when stopping"},
	}
}
