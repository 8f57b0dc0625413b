package shipped

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// setting is a flag as --help shows it.
type setting struct{ name, value, usage, otherwise, env string }

var (
	settingLine  = regexp.MustCompile(`^   --([a-z0-9-]+)(?: (\S+))?(?: \[ --.* \])? {2,}(.*) \[\$([A-Z0-9_]+)\]$`)
	defaultValue = regexp.MustCompile(`^(.*?) ?\(default: (.*)\)$`)
)

// settings are the flags of a daemon or of one of its commands, as in
// "publisher setup", in the order of --help. Any line of it that is not
// understood fails the test.
func settings(t *testing.T, command string) []setting {
	t.Helper()
	args := strings.Fields(command)
	_, options, _ := strings.Cut(run(t, args[0], append(args[1:], "--help")...), "OPTIONS:\n")
	var all []setting
	for line := range strings.Lines(options) {
		line = strings.TrimRight(line, "\n")
		if line == "" || strings.HasPrefix(line, "   --help, -h") || strings.HasPrefix(line, "   --version, -v") {
			continue
		}
		m := settingLine.FindStringSubmatch(line)
		if m == nil {
			t.Fatalf("%s --help: cannot read the line %q", command, line)
		}
		s := setting{name: m[1], value: m[2], usage: strings.TrimSpace(m[3]), env: m[4]}
		if d := defaultValue.FindStringSubmatch(s.usage); d != nil {
			s.usage, s.otherwise = d[1], strings.ReplaceAll(d[2], `"`, "")
		}
		all = append(all, s)
	}
	if len(all) == 0 {
		t.Fatalf("%s --help shows no options", command)
	}
	return all
}

// common are the flags that mean the same in every daemon; the documentation
// has them once, as the table of "all".
var common = []string{"redis-url", "namespace", "log-format", "log-level"}

// flagTable is the table of a daemon's own flags in Markdown.
func flagTable(t *testing.T, command string) string {
	t.Helper()
	all := command == "all"
	if all {
		command = daemons[0]
	}
	var b strings.Builder
	b.WriteString("| flag | default | |\n|---|---|---|\n")
	for _, s := range settings(t, command) {
		if slices.Contains(common, s.name) == all {
			fmt.Fprintf(&b, "| `--%s` | %s | %s |\n", s.name, code(s.otherwise), escape(s.usage))
		}
	}
	return b.String()
}

func code(s string) string {
	if s == "" || s == "false" {
		return ""
	}
	return "`" + escape(s) + "`"
}

func escape(s string) string { return strings.ReplaceAll(s, "|", `\|`) }

func TestEveryFlagHasItsVariable(t *testing.T) {
	for _, d := range daemons {
		for _, s := range settings(t, d) {
			if want := "GLOW_" + strings.ToUpper(strings.ReplaceAll(s.name, "-", "_")); s.env != want {
				t.Errorf("%s --%s: variable %s, want %s", d, s.name, s.env, want)
			}
		}
	}
}
