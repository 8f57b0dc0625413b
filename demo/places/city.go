package places

import (
	"fmt"
	"io"
	"net"

	"github.com/maxmind/mmdbwriter"
	"github.com/maxmind/mmdbwriter/mmdbtype"
)

// DatabaseType is how the database calls itself.
const DatabaseType = "DBIP-City-Lite-Demo"

// WriteCity writes the places as a database in MaxMind's City schema, built at
// the given time (Unix seconds).
func (w *World) WriteCity(to io.Writer, built int64) error {
	tree, err := mmdbwriter.New(mmdbwriter.Options{
		BuildEpoch:   built,
		DatabaseType: DatabaseType,
		Description:  map[string]string{"en": Attribution + ", reduced for the Glow demo"},
		Languages:    []string{"en"},
		RecordSize:   24,
	})
	if err != nil {
		return err
	}
	for _, p := range w.Places {
		record := w.record(p)
		for _, n := range p.Networks {
			ip := &net.IPNet{IP: n.Addr().AsSlice(), Mask: net.CIDRMask(n.Bits(), n.Addr().BitLen())}
			if err := tree.Insert(ip, record); err != nil {
				return fmt.Errorf("network %v: %w", n, err)
			}
		}
	}
	_, err = tree.WriteTo(to)
	return err
}

func (w *World) record(p Place) mmdbtype.Map {
	m := mmdbtype.Map{
		"continent": mmdbtype.Map{"code": mmdbtype.String(continent[p.Country])},
		"country":   mmdbtype.Map{"iso_code": mmdbtype.String(p.Country)},
		"city":      mmdbtype.Map{"names": mmdbtype.Map{"en": mmdbtype.String(p.City)}},
		"location":  mmdbtype.Map{"latitude": mmdbtype.Float64(p.Lat), "longitude": mmdbtype.Float64(p.Lon)},
	}
	if p.Region != "" {
		region := mmdbtype.Map{"iso_code": mmdbtype.String(p.Region)}
		if name := w.Regions[p.Country+"-"+p.Region]; name != "" {
			region["names"] = mmdbtype.Map{"en": mmdbtype.String(name)}
		}
		m["subdivisions"] = mmdbtype.Slice{region}
	}
	return m
}
