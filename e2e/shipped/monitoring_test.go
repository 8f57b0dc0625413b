package shipped

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/glowmap/glow/e2e/harness"
)

// general are the metrics of rules and dashboard that are not Glow's own:
// Prometheus makes the first two, and every daemon has the others.
var general = []string{"up", "ALERTS", "process_start_time_seconds", "process_resident_memory_bytes", "process_cpu_seconds_total"}

// known are the daemons' metrics by the tables of the documentation, which
// TestTables holds against the running daemons, with the parts of histograms.
func known(t *testing.T) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	for _, page := range pages(t) {
		for _, m := range regexp.MustCompile("(?m)^\\| `(glow_\\w+)\\S*` \\| (\\w+) \\|").FindAllStringSubmatch(read(t, page), -1) {
			all[m[1]] = true
			if m[2] == "histogram" {
				all[m[1]+"_bucket"], all[m[1]+"_count"], all[m[1]+"_sum"] = true, true, true
			}
		}
	}
	if len(all) < 40 {
		t.Fatalf("found only %d metrics in the documentation", len(all))
	}
	return all
}

// Every metric that rules, their tests and the dashboard speak of exists.
func TestMonitoringNamesMetrics(t *testing.T) {
	metrics := known(t)
	for _, file := range []string{"monitoring/alerts.yml", "monitoring/alerts_test.yml", "monitoring/dashboard.json"} {
		text := read(t, file)
		for _, name := range regexp.MustCompile(`\b(?:glow|process|go)_\w+`).FindAllString(text, -1) {
			if !metrics[name] && !slices.Contains(general, name) {
				t.Errorf("%s: no daemon has the metric %s", file, name)
			}
		}
	}
	for _, name := range general[2:] {
		if !strings.Contains(everything(t), "\n"+name+" ") {
			t.Errorf("the daemons have no %s", name)
		}
	}
}

// everything is what one daemon says on /metrics.
func everything(t *testing.T) string { return "\n" + metrics(t, "geoworker") }

// Every alert leads to a section of the runbook, and a test makes it fire.
func TestAlertsHaveTheirRunbook(t *testing.T) {
	sections := anchors(read(t, "docs/runbook.md"))
	tests := read(t, "monitoring/alerts_test.yml")
	rules := strings.Split(read(t, "monitoring/alerts.yml"), "- alert: ")[1:]
	if len(rules) < 20 {
		t.Fatalf("found %d alerts", len(rules))
	}
	link := regexp.MustCompile(`runbook_url: https://github\.com/glowmap/glow/blob/main/docs/runbook\.md#(\S+)`)
	used := map[string]bool{}
	for _, rule := range rules {
		name, _, _ := strings.Cut(rule, "\n")
		m := link.FindStringSubmatch(rule)
		switch {
		case m == nil:
			t.Errorf("%s: no link to the runbook", name)
		case sections[m[1]] == "":
			t.Errorf("%s: the runbook has no section #%s", name, m[1])
		case !strings.Contains(sections[m[1]], "`"+name+"`"):
			t.Errorf("%s: the runbook's section #%s does not name it", name, m[1])
		default:
			used[m[1]] = true
		}
		if !strings.Contains(tests, `alertname="`+name+`"`) {
			t.Errorf("%s: no test makes it fire", name)
		}
	}
	for anchor, text := range sections {
		if regexp.MustCompile("`Glow[A-Z]").MatchString(text) && !used[anchor] {
			t.Errorf("the runbook's section #%s is for an alert that is not there", anchor)
		}
	}
}

// anchors are the third-level sections of a page by the names that links use.
func anchors(page string) map[string]string {
	all := map[string]string{}
	for _, section := range strings.Split("\n"+page, "\n### ")[1:] {
		title, text, _ := strings.Cut(section, "\n")
		text, _, _ = strings.Cut(text, "\n## ")
		anchor := regexp.MustCompile(`[^a-z0-9 _-]`).ReplaceAllString(strings.ToLower(title), "")
		all[strings.ReplaceAll(anchor, " ", "-")] = text
	}
	return all
}

// The dashboard can be imported: it names no data source of its own, no panel
// twice, and none overlaps another.
func TestDashboard(t *testing.T) {
	var d struct {
		UID, Title string
		Panels     []struct {
			ID         int
			Type       string
			Title      string
			GridPos    struct{ X, Y, W, H int }
			Datasource struct{ UID string }
			Targets    []struct{ Expr string }
		}
	}
	if err := json.Unmarshal([]byte(read(t, "monitoring/dashboard.json")), &d); err != nil {
		t.Fatal(err)
	}
	ids, taken := map[int]bool{}, map[[2]int]string{}
	for _, p := range d.Panels {
		if ids[p.ID] || p.Title == "" {
			t.Errorf("panel %d %q: no title, or its number is taken", p.ID, p.Title)
		}
		ids[p.ID] = true
		if p.Type != "row" && (p.Datasource.UID != "${datasource}" || len(p.Targets) == 0) {
			t.Errorf("%s: data source %q, %d targets", p.Title, p.Datasource.UID, len(p.Targets))
		}
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other := taken[[2]int{x, y}]; other != "" || x >= 24 {
					t.Errorf("%s lies on %s or outside", p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
	}
	if d.UID == "" || d.Title == "" || len(d.Panels) < 20 {
		t.Errorf("%q %q has %d panels", d.UID, d.Title, len(d.Panels))
	}
}

// Prometheus's own tool takes the rules, what should fire does, and it can
// read each expression of the dashboard.
func TestPromtool(t *testing.T) {
	promtool := func(args ...string) {
		t.Helper()
		cmd := exec.Command("promtool", args...)
		cmd.Dir = filepath.Join(harness.Root(), "monitoring")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("promtool %v: %v\n%s", args, err, out)
		}
	}
	promtool("check", "config", "prometheus.yml") // and the rules with it
	promtool("test", "rules", "alerts_test.yml")

	var rules strings.Builder
	rules.WriteString("groups:\n- name: dashboard\n  rules:\n")
	for _, m := range regexp.MustCompile(`"expr": ("(?:[^"\\]|\\.)*")`).FindAllStringSubmatch(read(t, "monitoring/dashboard.json"), -1) {
		fmt.Fprintf(&rules, "  - {record: x, expr: %s}\n", strings.ReplaceAll(m[1], "$system", ".*"))
	}
	file := filepath.Join(t.TempDir(), "rules.yml")
	if err := os.WriteFile(file, []byte(rules.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	promtool("check", "rules", file)
}
