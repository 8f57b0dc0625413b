package doctor

import (
	"fmt"
	"time"

	"github.com/glowmap/glow/geoworker/locate"
	"github.com/glowmap/glow/internal/grid"
)

// When places begin to be wrong, and when in earnest.
const (
	ageingGeoIP = 30 // days
	oldGeoIP    = 60
)

// geoip opens the database as a worker does.
func (d *doctor) geoip() {
	if d.GeoIP == "" {
		return
	}
	g, err := grid.New(0.5)
	if err != nil {
		return
	}
	m, err := locate.Open(d.GeoIP, g)
	if err != nil {
		d.refuse("geoip", err.Error(), "a geoworker does not start with it; one that runs keeps the database that it has", "fetch it again: systemctl start geoip-update")
		return
	}
	defer m.Close()
	d.ok("geoip", fmt.Sprintf("%s of %s, %d places", m.Type, m.Built.Format(time.DateOnly), len(m.Places)-1))
	days := int(time.Since(m.Built).Hours() / 24)
	const means, do = "more and more addresses are placed wrongly", "see why geoip-update does not fetch a new one: systemctl status geoip-update"
	switch {
	case days > oldGeoIP:
		d.warn("geoip-age", fmt.Sprintf("it is %d days old", days), means, do)
	case days > ageingGeoIP:
		d.note("geoip-age", fmt.Sprintf("it is %d days old", days), means, do)
	default:
		d.ok("geoip-age", fmt.Sprintf("it is %d days old", days))
	}
	if len(m.Regions) <= 1 {
		d.note("geoip-regions", "it has no codes of regions", "regions are not counted", "put DB-IP's file through dbip2city, as geoip-update does")
	}
	any := reader{name: "a user that systemd makes up for geoworker", uid: -1}
	if why := any.mayRead(d.GeoIP); why != "" {
		d.refuse("geoip-readable", why, "a geoworker under our unit cannot open it", "chmod a+r, and a+x for its folders")
	}
}
