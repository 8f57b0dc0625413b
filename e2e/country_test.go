package e2e

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/glowmap/glow/e2e/harness"
)

// Addresses generated for the test databases, and every address of the real log
// where GLOW_E2E_GEOIP names a real database, are counted in the country that MaxMind's own tool says. Each
// address has a minute of its own, so that each has a snapshot to look into.
func TestCountries(t *testing.T) {
	t.Parallel()
	for _, database := range []string{os.Getenv("GLOW_E2E_GEOIP"), harness.Testdata("GeoIP2-City-Test.mmdb"), "generated"} {
		if database == "" {
			continue
		}
		t.Run(database[strings.LastIndexByte(database, '/')+1:], func(t *testing.T) {
			g := harness.New(t)
			if database != "generated" {
				g.GeoIP = database
			}
			addrs := harness.Addresses(t, harness.Rand(t), g.GeoIP, 300)
			if database == os.Getenv("GLOW_E2E_GEOIP") {
				addrs = append(addrs, apacheAddresses(t)...)
			}
			compareCountries(t, g, addrs)
		})
	}
}

func compareCountries(t *testing.T, g *harness.Glow, addrs []netip.Addr) {
	t.Helper()
	var log strings.Builder
	for i, a := range addrs {
		fmt.Fprintf(&log, "%s %d\n", a, day.Unix()+60*int64(i))
	}
	write(t, g.Log, []byte(log.String()))
	g.All(1)
	feed, found := g.Feed(), 0
	for i, a := range addrs {
		path := "1m" + day.Add(time.Duration(i)*time.Minute).Format("/2006/01/02/15/04.json")
		var s struct {
			Types map[string]struct{ Countries map[string]int }
		}
		if err := json.Unmarshal(feed[path], &s); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		want := map[string]int{}
		if c := mmdblookup(t, g.GeoIP, a); c != "" {
			want[c] = 1
			found++
		}
		if got := s.Types["download"].Countries; fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s counts in %v, mmdblookup says %v", a, got, want)
		}
	}
	t.Logf("%d addresses, %d of them in a country", len(addrs), found)
	if found < 50 {
		t.Errorf("only %d addresses have a country", found)
	}
}

var quoted = regexp.MustCompile(`"([A-Z]{2})"`)

// mmdblookup asks Debian's mmdb-bin for the country of an address.
func mmdblookup(t *testing.T, database string, a netip.Addr) string {
	t.Helper()
	out, err := exec.Command("mmdblookup", "--file", database, "--ip", a.String(), "country", "iso_code").CombinedOutput()
	if m := quoted.FindSubmatch(out); err == nil && m != nil {
		return string(m[1])
	}
	if _, exited := err.(*exec.ExitError); err != nil && !exited {
		t.Fatalf("mmdblookup (apt-get install mmdb-bin): %v", err)
	}
	return ""
}

// apacheAddresses are the distinct addresses of the real log.
func apacheAddresses(t *testing.T) (list []netip.Addr) {
	t.Helper()
	seen := map[netip.Addr]bool{}
	for line := range strings.Lines(string(apache(t))) {
		first, _, _ := strings.Cut(line, " ")
		if a := netip.MustParseAddr(first); !seen[a] {
			seen[a] = true
			list = append(list, a)
		}
	}
	if len(list) != 1753 {
		t.Fatalf("%d addresses, want 1753", len(list))
	}
	return list
}
