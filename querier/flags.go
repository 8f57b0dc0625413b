package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/glowmap/glow/archiver/store"
	"github.com/glowmap/glow/internal/daemon"
	feed "github.com/glowmap/glow/publisher/store"
	"github.com/glowmap/glow/querier/api"
	"github.com/glowmap/glow/querier/engine"
	"github.com/glowmap/glow/sharehook/client"
	"github.com/glowmap/glow/sharehook/limit"
)

func flags() []cli.Flag {
	return slices.Concat(archiveFlags(), engineFlags(), queryFlags(), modelFlags(), doorFlags())
}

func archiveFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "archive", Usage: "where the archive is: s3://BUCKET/PREFIX or file:///DIR"},
		&cli.StringFlag{Name: "s3-endpoint", Usage: "`URL` of an S3-compatible store other than AWS"},
		&cli.DurationFlag{Name: "refresh", Value: 5 * time.Second, Usage: "how often to look for new files, and how long clients may keep an answer"},
		&cli.StringFlag{Name: "cache", Value: "/var/cache/glow", Usage: "`DIR` for files of an archive in S3"},
		&cli.StringFlag{Name: "cache-size", Value: "20G", Usage: "how much of them is kept there: a `SIZE` in bytes, or with K, M, G or T"},
	}
}

func queryFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "query-listen", Value: "127.0.0.1:8405", Usage: "`HOST:PORT` to answer on; put a proxy with TLS before it"},
		&cli.DurationFlag{Name: "query-time", Value: 10 * time.Second, Usage: "how long one question may take"},
		&cli.StringFlag{Name: "query-memory", Value: "512M", Usage: "how much memory one question may take, a `SIZE`"},
		&cli.IntFlag{Name: "query-threads", Value: 2, Usage: "how many threads one question may take"},
		&cli.IntFlag{Name: "query-rows", Value: 100_000, Usage: "how many rows one answer may have"},
		&cli.IntFlag{Name: "query-concurrency", Value: 2, Usage: "how many questions may run at once; others wait"},
		&cli.Float64Flag{Name: "query-rate", Value: 20, Usage: "requests a second of one client, in the long run; 0 for no limit"},
		&cli.IntFlag{Name: "query-burst", Value: 100, Usage: "requests of one client at once"},
		&cli.StringSliceFlag{Name: "query-proxies", Usage: "`CIDRS` of proxies whose X-Forwarded-For or Forwarded is believed"},
	}
}

func doorFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "public-types", Value: cli.NewStringSlice("*"), Usage: "types of events that may be seen without a token, as in download,share:*"},
		&cli.StringSliceFlag{Name: "public-dimensions", Value: cli.NewStringSlice("continent", "country", "region", "date", "hour", "weekday"), Usage: "dimensions, attributes too, that may be asked about without a token"},
		&cli.Int64Flag{Name: "min-count", Value: 10, Usage: "smallest count that is told without a token"},
		&cli.StringFlag{Name: "tokens", Usage: "`FILE` of tokens for all else, made by querier token"},
	}
}

// settings are what the flags say, checked.
type settings struct {
	source     store.Store
	folder     string // of the archive, if it is one
	cacheBytes int64
	limits     engine.Limits
	rate       *limit.Rate
	client     client.Finder
	publicDoor api.Public
	target     feed.Store // of public models; may be nil
	tokens     *api.Tokens
}

// readSettings reports all that is wrong at once.
func readSettings(c *cli.Context) (s settings, err error) {
	var all []error
	check := func(flag string, err error) { all = append(all, daemon.Setting(flag, err)) }
	s.source, s.folder, err = openArchive(c)
	all = append(all, err, checkEngine(c))
	s.cacheBytes, err = daemon.ParseSize(c.String("cache-size"), 1<<20)
	check("cache-size", err)
	s.limits.Memory, err = daemon.ParseSize(c.String("query-memory"), 64<<20)
	check("query-memory", err)
	s.client.Trusted, err = client.ParseNetworks(nonEmpty(c.StringSlice("query-proxies")))
	check("query-proxies", err)
	s.limits.Threads, s.limits.Concurrency = c.Int("query-threads"), c.Int("query-concurrency")
	for flag, most := range map[string]int{"query-threads": 256, "query-concurrency": 64, "query-rows": 10_000_000, "query-burst": 1_000_000} {
		if n := c.Int(flag); n < 1 || n > most {
			check(flag, fmt.Errorf("%d: want 1 to %d", n, most))
		}
	}
	check("refresh", between(c.Duration("refresh"), 100*time.Millisecond, time.Hour))
	check("query-time", between(c.Duration("query-time"), 100*time.Millisecond, 10*time.Minute))
	if r := c.Float64("query-rate"); r < 0 || r > 1e6 {
		check("query-rate", fmt.Errorf("%g: want 0 to a million", r))
	}
	if n := c.Int64("min-count"); n < 0 {
		check("min-count", fmt.Errorf("%d: want 0 or more", n))
	}
	s.rate = limit.NewRate(c.Float64("query-rate"), c.Int("query-burst"))
	s.publicDoor = api.Public{
		Types: nonEmpty(c.StringSlice("public-types")), Dimensions: nonEmpty(c.StringSlice("public-dimensions")), MinCount: c.Int64("min-count"),
	}
	s.target, err = openTarget(c)
	all = append(all, err)
	s.tokens, err = openTokens(c)
	all = append(all, err, checkState(c))
	check("state", creatable(c.String("state")))
	if s.folder == "" {
		check("cache", creatable(c.String("cache")))
	}
	return s, errors.Join(all...)
}

// openArchive makes the store of --archive.
func openArchive(c *cli.Context) (source store.Store, folder string, err error) {
	target := c.String("archive")
	if target == "" {
		return nil, "", daemon.Setting("archive", errors.New("say where the archive is: s3://BUCKET/PREFIX or file:///DIR"))
	}
	if err := store.CheckEndpoint(c.String("s3-endpoint")); err != nil {
		return nil, "", daemon.Setting("s3-endpoint", err)
	}
	s, err := store.New(c.Context, target, store.Options{Endpoint: c.String("s3-endpoint")})
	if errors.Is(err, store.ErrSettings) {
		return nil, "", err
	}
	if err != nil {
		return nil, "", daemon.Setting("archive", err)
	}
	folder, _ = store.Folder(s)
	return s, folder, nil
}

// openTokens reads the file of tokens, if there is one.
func openTokens(c *cli.Context) (*api.Tokens, error) {
	path := c.String("tokens")
	if path == "" {
		return nil, nil
	}
	t, err := api.OpenTokens(path)
	return t, daemon.Setting("tokens", err)
}

func between(d, least, most time.Duration) error {
	if d < least || d > most {
		return fmt.Errorf("%s: want %s to %s", d, least, most)
	}
	return nil
}

func nonEmpty(list []string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == "" })
}

// creatable says what keeps a folder from being there, or from being written
// to, as far as that can be seen without making it.
func creatable(dir string) error {
	for at := filepath.Clean(dir); ; at = filepath.Dir(at) {
		info, err := os.Stat(at)
		switch {
		case errors.Is(err, os.ErrNotExist) && at != filepath.Dir(at):
			continue
		case err != nil:
			return err
		case !info.IsDir():
			return fmt.Errorf("%s is no folder", at)
		}
		const write, enter = 2, 1
		if err := syscall.Access(at, write|enter); err != nil {
			return fmt.Errorf("write in %s: %w", at, err)
		}
		return nil
	}
}

// folders are those that an engine may read: links in their paths are followed,
// as the engine follows them.
func folders(dir string) ([]string, error) {
	real, err := filepath.EvalSymlinks(dir)
	if errors.Is(err, os.ErrNotExist) {
		return []string{dir}, nil
	}
	return slices.Compact([]string{dir, real}), err
}
