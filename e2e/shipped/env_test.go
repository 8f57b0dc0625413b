package shipped

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/glowmap/glow/e2e/harness"
)

// assignment is a line of the environment file; an example stands behind "#".
type assignment struct {
	name, value string
	example     bool
}

var (
	assignmentLine = regexp.MustCompile(`^(#?)([A-Z][A-Z0-9_]*)=(.*)$`)
	// systemd takes such values as they stand: no quotes, escapes or blanks, or
	// all of it in single quotes.
	plainValue  = regexp.MustCompile(`^[^'"\\\s]+$`)
	quotedValue = regexp.MustCompile(`^'([^']*)'$`)
)

func environment(t *testing.T) (all []assignment) {
	t.Helper()
	for line := range strings.Lines(read(t, "systemd/glow.env")) {
		line = strings.TrimSpace(line)
		m := assignmentLine.FindStringSubmatch(line)
		if m == nil {
			if line != "" && line != "#" && !strings.HasPrefix(line, "# ") {
				t.Errorf("glow.env: systemd would not understand %q", line)
			}
			continue
		}
		value := m[3]
		if q := quotedValue.FindStringSubmatch(value); q != nil {
			value = q[1]
		} else if !plainValue.MatchString(value) {
			t.Errorf("glow.env: systemd would not take %s=%s as it stands", m[2], value)
		}
		all = append(all, assignment{m[2], value, m[1] == "#"})
	}
	return all
}

// wrong is for each daemon one setting that it cannot take: it ends with all
// complaints at once, of which this must be the only one.
var wrong = map[string][2]string{
	"tailer":    {"--max-queue", "-1"},
	"sharehook": {"--burst", "0"},
	"geoworker": {"--claim-after", "0s"},
	"publisher": {"--every", "0s"},
	"archiver":  {"--max-rows", "0"},
	"querier":   {"--query-rows", "0"},
}

// Every line of the environment file, examples too, is a flag of some daemon
// and a value that it takes; and a flag of several means the same in them all.
func TestEnvironmentFile(t *testing.T) {
	owners := map[string][]string{}
	for _, d := range daemons {
		for _, s := range settings(t, d) {
			owners[s.env] = append(owners[s.env], d)
		}
	}
	tokens := filepath.Join(t.TempDir(), "tokens") // stands for /etc/glow/tokens, which is looked at
	if err := os.WriteFile(tokens, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var set []string
	for _, a := range environment(t) {
		if !a.example {
			set = append(set, a.name+"="+a.value)
		}
	}
	for _, a := range environment(t) {
		switch {
		case a.name == "TAILER_FILES" && strings.Contains(read(t, "systemd/tailer.service"), "\nExecStart=tailer $TAILER_FILES\n"):
			continue // systemd makes arguments of it
		case a.name == "AWS_REGION":
			continue // AWS's library reads it
		}
		switch n := len(owners[a.name]); {
		case n == 0:
			t.Errorf("glow.env: no daemon has %s", a.name)
		case n > 1 && n < len(daemons) && !slices.Contains(shared, a.name):
			t.Errorf("glow.env: %s would reach all of %v", a.name, owners[a.name])
		}
		for _, d := range owners[a.name] {
			value := a.value
			if a.name == "GLOW_TOKENS" {
				value = tokens
			}
			takes(t, d, append(set, a.name+"="+value))
		}
	}
}

// shared are settings of what several daemons have in common.
var shared = []string{"GLOW_REDIS_URL", "GLOW_NAMESPACE", "GLOW_S3_ENDPOINT", "GLOW_ARCHIVE"}

// takes fails the test if a daemon has something against a setting.
func takes(t *testing.T, daemon string, env []string) {
	t.Helper()
	args := append([]string{}, wrong[daemon][0], wrong[daemon][1])
	switch daemon {
	case "tailer":
		args = append(args, "/var/log/none")
	case "querier": // which looks at its folders
		args = append(args, "--state", t.TempDir(), "--cache", t.TempDir())
	}
	cmd := exec.Command(harness.Program(t, daemon), args...)
	cmd.Env = append(os.Environ(), env...)
	out, _ := cmd.CombinedOutput()
	complaints := regexp.MustCompile(`--[a-z0-9-]+ \(or GLOW_`).FindAllString(string(out), -1)
	if cmd.ProcessState.ExitCode() != 2 || len(complaints) != 1 || !strings.HasPrefix(complaints[0], wrong[daemon][0]+" ") {
		t.Errorf("%s with %s: status %d\n%s", daemon, env[len(env)-1], cmd.ProcessState.ExitCode(), out)
	}
}

// sealed is what every daemon's unit must say, whatever the sum of its exposure.
var sealed = []string{
	"Type=notify", "WatchdogSec=2min", "Restart=always",
	"NoNewPrivileges=yes", "CapabilityBoundingSet=", "AmbientCapabilities=",
	"ProtectSystem=strict", "ProtectHome=yes", "PrivateTmp=yes", "PrivateDevices=yes",
	"RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6", "MemoryDenyWriteExecute=yes",
	"SystemCallArchitectures=native", "SystemCallFilter=@system-service", "SystemCallFilter=~@privileged @resources",
}

// The units read that file, and give the daemons nothing else that is no flag.
func TestUnits(t *testing.T) {
	for _, d := range daemons {
		name := d
		if d == "geoworker" {
			name += "@"
		}
		unit := read(t, "systemd/"+name+".service")
		for _, want := range []string{"\nExecStart=" + d, "\nEnvironmentFile=-/etc/glow/glow.env\nEnvironmentFile=-/etc/glow/%p.env\n"} {
			if !strings.Contains(unit, want) {
				t.Errorf("%s.service lacks %q", name, want)
			}
		}
		for _, want := range sealed {
			if !strings.Contains(unit, "\n"+want+"\n") {
				t.Errorf("%s.service lacks %s", name, want)
			}
		}
		if !regexp.MustCompile(`(?m)^(DynamicUser=yes|User=glow)$`).MatchString(unit) {
			t.Errorf("%s.service runs as root", name)
		}
		flags := map[string]bool{}
		for _, s := range settings(t, d) {
			flags[s.env] = true
		}
		for _, m := range regexp.MustCompile(`(?m)^Environment=(GLOW_\w+)=`).FindAllStringSubmatch(unit, -1) {
			if !flags[m[1]] {
				t.Errorf("%s.service sets %s, which is no flag of %s", name, m[1], d)
			}
		}
	}
}
