package main

import (
	"time"

	"github.com/urfave/cli/v2"
)

func targetFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "target", Usage: "where the feed goes: s3://BUCKET/PREFIX or file:///DIR"},
		&cli.StringFlag{Name: "s3-endpoint", Usage: "`URL` of an S3-compatible store other than AWS"},
	}
}

func feedFlags() []cli.Flag {
	return []cli.Flag{
		&cli.DurationFlag{Name: "every", Value: 2 * time.Second, Usage: "time between passes; latest.json is written in each"},
		&cli.IntFlag{Name: "in-flight", Value: 8, Usage: "PUTs at a time"},
		&cli.IntFlag{Name: "delay", Value: 20, Usage: "`SECONDS` after its start from which the page may fetch a 10s snapshot"},
		&cli.StringFlag{Name: "attribution", Usage: "what the page says of the GeoIP data; by default what the licence of GeoLite2 or DB-IP asks for"},
		&cli.BoolFlag{Name: "feed-2014", Usage: "also write stats/<minute>.json for the page of Glow 2014"},
		&cli.DurationFlag{Name: "recover-timeout", Value: 10 * time.Minute, Usage: "how long to wait without progress for counts that Redis lost"},
		&cli.DurationFlag{Name: "keep-minutes", Value: 7 * 24 * time.Hour, Usage: "how long an unchanged minute stays in Redis; its file stays for ever"},
		&cli.DurationFlag{Name: "keep-hours", Value: 400 * 24 * time.Hour, Usage: "how long an unchanged hour stays in Redis; its file stays for ever"},
	}
}
