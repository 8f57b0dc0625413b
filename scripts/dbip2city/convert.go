package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"reflect"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"github.com/glowmap/glow/scripts/dbip2city/region"
)

// databaseType is what readers of MaxMind's City databases look for: they
// accept every type whose name has "City" in it.
const databaseType = "DBIP-City-Lite-ISO"

// converter builds one database in MaxMind's City schema.
type converter struct {
	tree    *mmdbwriter.Tree
	regions *region.Table
	records map[entry]mmdbtype.Map
}

func newConverter(regions *region.Table, built int64) (*converter, error) {
	tree, err := mmdbwriter.New(mmdbwriter.Options{
		BuildEpoch:   built,
		DatabaseType: databaseType,
		Description:  map[string]string{"en": "IP Geolocation by DB-IP (https://db-ip.com, CC BY 4.0), with continents and ISO 3166-2 regions"},
		Languages:    []string{"en"},
		KeyGenerator: identity{},
	})
	return &converter{tree, regions, map[entry]mmdbtype.Map{}}, err
}

// identity tells records apart by where they are in memory: the converter makes
// each only once, and comparing them by content takes most of the time.
type identity struct{}

func (identity) Key(v mmdbtype.DataType) ([]byte, error) {
	m, ok := v.(mmdbtype.Map)
	if !ok {
		return nil, fmt.Errorf("record is a %T, want a map", v)
	}
	return binary.NativeEndian.AppendUint64(nil, uint64(reflect.ValueOf(m).Pointer())), nil
}

// add puts a network into the database; a later one wins. Networks that are
// reserved, and entries that say nothing, are left out.
func (c *converter) add(p netip.Prefix, e entry) error {
	if e.country == "" && !e.located {
		return nil
	}
	m, ok := c.records[e]
	if !ok {
		m = c.record(e)
		c.records[e] = m
	}
	err := c.tree.Insert(&net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}, m)
	var reserved *mmdbwriter.ReservedNetworkError
	var aliased *mmdbwriter.AliasedNetworkError
	if errors.As(err, &reserved) || errors.As(err, &aliased) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("network %v: %w", p, err)
	}
	return nil
}

// record is an entry in MaxMind's City schema.
func (c *converter) record(e entry) mmdbtype.Map {
	m := mmdbtype.Map{}
	if e.country != "" {
		country := mmdbtype.Map{"iso_code": mmdbtype.String(e.country)}
		if name := countryName(e.country); name != "" {
			country["names"] = names(name)
		}
		m["country"] = country
	}
	if code := region.Continent(e.country); code != "" {
		m["continent"] = mmdbtype.Map{"code": mmdbtype.String(code), "names": names(region.ContinentNames[code])}
	}
	if e.region != "" || e.code != "" {
		m["subdivisions"] = mmdbtype.Slice{c.subdivision(e)}
	}
	if e.city != "" {
		m["city"] = mmdbtype.Map{"names": names(e.city)}
	}
	if e.located {
		m["location"] = mmdbtype.Map{"latitude": mmdbtype.Float64(e.lat), "longitude": mmdbtype.Float64(e.lon)}
	}
	return m
}

func (c *converter) subdivision(e entry) mmdbtype.Map {
	name := c.regions.Name(e.country, e.code)
	if name == "" {
		name = e.region
	}
	m := mmdbtype.Map{}
	if name != "" {
		m["names"] = names(name)
	}
	if e.code != "" {
		m["iso_code"] = mmdbtype.String(e.code)
	}
	return m
}

func names(en string) mmdbtype.Map { return mmdbtype.Map{"en": mmdbtype.String(en)} }

func countryName(code string) string {
	r, err := language.ParseRegion(code)
	if err != nil {
		return ""
	}
	return display.English.Regions().Name(r)
}

func (c *converter) write(w io.Writer) error {
	_, err := c.tree.WriteTo(w)
	return err
}
