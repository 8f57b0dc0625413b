package main

import (
	"io"
	"net/netip"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"github.com/glowmap/glow/scripts/dbip2city/mmdb"
	"github.com/glowmap/glow/scripts/dbip2city/region"
)

// databaseType is what readers of MaxMind's City databases look for: they
// accept every type whose name has "City" in it.
const databaseType = "DBIP-City-Lite-ISO"

// converter builds one database in MaxMind's City schema.
type converter struct {
	tree    *mmdb.Tree
	data    *mmdb.Data
	regions *region.Table
	records map[entry]int
}

func newConverter(regions *region.Table) *converter {
	return &converter{mmdb.NewTree(), mmdb.NewData(), regions, map[entry]int{}}
}

// add puts a network into the database; a later one wins. Entries that say
// nothing, and networks that stand for IPv4 ones, are left out.
func (c *converter) add(p netip.Prefix, e entry) error {
	if e.country == "" && !e.located || odd(p) {
		return nil
	}
	i, ok := c.records[e]
	if !ok {
		i = c.data.Add(c.record(e))
		c.records[e] = i
	}
	c.tree.Insert(p, i)
	return nil
}

// record is an entry in MaxMind's City schema.
func (c *converter) record(e entry) mmdb.Map {
	var m mmdb.Map
	add := func(key string, value any) { m = append(m, mmdb.Field{Key: key, Value: value}) }
	if e.city != "" {
		add("city", mmdb.Map{names(e.city)})
	}
	if code := region.Continent(e.country); code != "" {
		add("continent", mmdb.Map{{Key: "code", Value: code}, names(region.ContinentNames[code])})
	}
	if e.country != "" {
		country := mmdb.Map{{Key: "iso_code", Value: e.country}}
		if name := countryName(e.country); name != "" {
			country = append(country, names(name))
		}
		add("country", country)
	}
	if e.located {
		add("location", mmdb.Map{{Key: "latitude", Value: e.lat}, {Key: "longitude", Value: e.lon}})
	}
	if e.region != "" || e.code != "" {
		add("subdivisions", []any{c.subdivision(e)})
	}
	return m
}

func (c *converter) subdivision(e entry) mmdb.Map {
	name := c.regions.Name(e.country, e.code)
	if name == "" {
		name = e.region
	}
	var m mmdb.Map
	if e.code != "" {
		m = append(m, mmdb.Field{Key: "iso_code", Value: e.code})
	}
	if name != "" {
		m = append(m, names(name))
	}
	return m
}

func names(en string) mmdb.Field {
	return mmdb.Field{Key: "names", Value: mmdb.Map{{Key: "en", Value: en}}}
}

func countryName(code string) string {
	r, err := language.ParseRegion(code)
	if err != nil {
		return ""
	}
	return display.English.Regions().Name(r)
}

// write writes the database; built is when its source was (Unix seconds).
func (c *converter) write(w io.Writer, built int64) error {
	return c.tree.Write(w, c.data, mmdb.Meta{
		Type:        databaseType,
		Description: "IP Geolocation by DB-IP (https://db-ip.com, CC BY 4.0), with continents and ISO 3166-2 regions",
		Built:       built,
	})
}
