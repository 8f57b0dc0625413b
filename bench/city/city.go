// Package city finds a City database to measure with.
package city

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/glowmap/glow/demo/places"
)

// Find names a database: the one given; else one fetched earlier; else DB-IP's
// City Lite, fetched now; else, without a network, the demo's small one. say is
// told what takes long and what is less than it should be. root is the
// repository, bin has its programs.
func Find(given, cache, root, bin string, say func(string)) (path string, err error) {
	if given != "" {
		_, err := os.Stat(given)
		return given, err
	}
	path = filepath.Join(cache, "city.mmdb")
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	say("fetching DB-IP City Lite (CC BY 4.0; --geoip FILE takes another one)")
	fetch := exec.Command(filepath.Join(root, "scripts", "geoip-update"), "--from", "dbip", "--out", path)
	fetch.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"))
	if out, err := fetch.CombinedOutput(); err != nil {
		say(fmt.Sprintf("no City database can be fetched, so the demo's small one must do, and look-ups are cheaper than in earnest: %s", last(out)))
		return small(cache)
	}
	return path, nil
}

func last(out []byte) string {
	return string(out[max(0, len(out)-200):])
}

// small writes the demo's database.
func small(cache string) (string, error) {
	path := filepath.Join(cache, "demo.mmdb")
	world, err := places.Load()
	if err != nil {
		return "", err
	}
	f, err := os.Create(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	if err := world.WriteCity(f, 1774000000); err != nil {
		return "", err
	}
	return path, f.Close()
}
