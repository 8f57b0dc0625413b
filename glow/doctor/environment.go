package doctor

import (
	_ "embed"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/glowmap/glow/glow/etc"
	"github.com/glowmap/glow/internal/near"
)

// names.txt are the variables of all flags of all programs; a test keeps it so.
//
//go:embed names.txt
var namesText string

// environment looks at the daemons' environment files.
func (d *doctor) environment() {
	for _, path := range d.Denied {
		d.note("env", "cannot read "+path, "what is set there is not looked at", "run this as root")
	}
	if len(d.Files) == 0 {
		if len(d.Denied) == 0 {
			d.note("env", "there are no environment files in "+d.Etc, "daemons have their settings from elsewhere, or none", "nothing, if that is meant; else systemd/glow.env is one to start from")
		}
		return
	}
	known := append(strings.Fields(namesText), enginePassword)
	seen := map[string]string{}
	fine := true
	for _, s := range d.Files {
		where := fmt.Sprintf("%s:%d", s.Path, s.Line)
		if strings.HasPrefix(s.Name, "GLOW") && !slices.Contains(known, s.Name) {
			fine = false
			d.refuse("env-name", fmt.Sprintf("%s: no program of Glow has %s", where, s.Name), "the setting does nothing", "did you mean "+nearest(s.Name, known)+"? See docs/operating.md, \"Flags\"")
		}
		if before, twice := seen[s.Path+s.Name]; twice {
			fine = false
			d.warn("env-twice", fmt.Sprintf("%s: %s is set at %s too", where, s.Name, before), "the last one wins", "delete one of them")
		}
		seen[s.Path+s.Name] = where
	}
	if fine {
		d.ok("env", fmt.Sprintf("%d settings in %s, all known", len(d.Files), filepath.Join(d.Etc, "*.env")))
	}
	d.secrets()
}

// secrets looks for passwords that everybody may read.
func (d *doctor) secrets() {
	for _, s := range d.Files {
		if st, err := modeOf(s.Path); isSecret(s) && err == nil && st.Mode&0o7 != 0 {
			d.warn("env-secret", fmt.Sprintf("everybody may read the secret in %s:%d", s.Path, s.Line), "whoever has a login on this machine may use it", "chmod 600 "+s.Path+": only systemd reads it")
		}
	}
}

// enginePassword is the querier's, and no flag, so that it is in no argv.
const enginePassword = "GLOW_ENGINE_PASSWORD"

// isSecret says whether a setting holds a password. URLs may name several
// hosts, so that net/url does not read them.
func isSecret(s etc.Setting) bool {
	if s.Name == "AWS_SECRET_ACCESS_KEY" || s.Name == "AWS_SESSION_TOKEN" || s.Name == enginePassword {
		return true
	}
	_, rest, isURL := strings.Cut(s.Value, "://")
	hosts, _, _ := strings.Cut(rest, "/")
	return isURL && (strings.Contains(hosts, "@") || strings.Contains(rest, "password="))
}

// nearest is the name that differs least.
func nearest(name string, known []string) string {
	return slices.MinFunc(known, func(a, b string) int { return near.Distance(name, a) - near.Distance(name, b) })
}
