package shipped

import (
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/glowmap/glow/e2e/harness"
)

var (
	helpLine = regexp.MustCompile(`(?m)^# HELP (glow_\w+) (.*)\n# TYPE \w+ (\w+)\n(?:\w+\{(\w+)=)?`)
	label    = regexp.MustCompile(`^(?:le|quantile)$`)
)

// metricTable is the table of a daemon's metrics in Markdown, as the running
// daemon shows them.
func metricTable(t *testing.T, daemon string) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("| metric | | |\n|---|---|---|\n")
	for _, m := range helpLine.FindAllStringSubmatch(metrics(t, daemon), -1) {
		name := m[1]
		if m[4] != "" && !label.MatchString(m[4]) {
			name += "{" + m[4] + "}"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", name, m[3], escape(m[2]))
	}
	return b.String()
}

// metrics is what /metrics of a working daemon says.
func metrics(t *testing.T, daemon string) string {
	t.Helper()
	g := harness.New(t)
	if err := os.WriteFile(g.Log, []byte("192.0.2.1 1774360801\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if daemon != "sharehook" {
		return settled(t, g.Start(daemon, harness.Admin))
	}
	p := g.Start(daemon, harness.Admin, "--listen", "127.0.0.1:0", "--spool", t.TempDir())
	var url string
	harness.Until(t, "sharehook listens", 20*time.Second, func() (bool, string) {
		if m := regexp.MustCompile(`shares are taken.* addr=(\S+)`).FindStringSubmatch(p.Log()); m != nil {
			url = "http://" + m[1] + "/share"
		}
		return url != "", p.Log()
	})
	r, err := http.Post(url, "application/x-www-form-urlencoded", strings.NewReader("type=twitter"))
	if err != nil {
		t.Fatal(err)
	}
	r.Body.Close()
	return settled(t, p)
}

// TestMetricsOfTheCode: the documentation has every metric that the code names,
// also those that a daemon shows only once something has happened.
func TestMetricsOfTheCode(t *testing.T) {
	documented, found := known(t), 0
	name := regexp.MustCompile(`Name:\s+"(glow_\w*[a-z])"`)
	for _, module := range []string{"internal", "tailer", "sharehook", "geoworker", "publisher", "archiver", "querier", "glow"} {
		err := filepath.WalkDir(filepath.Join(harness.Root(), module), func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			b, err := os.ReadFile(path)
			for _, m := range name.FindAllSubmatch(b, -1) {
				found++
				if !documented[string(m[1])] {
					t.Errorf("%s: no table of the documentation has %s", path, m[1])
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if found < 25 {
		t.Errorf("only %d metrics are found", found)
	}
}

// settled is what /metrics says once a daemon has all its metrics: it answers
// before, while it loads its database.
func settled(t *testing.T, p *harness.Process) (text string) {
	t.Helper()
	names := -1
	harness.Until(t, p.Name+" has metrics", 20*time.Second, func() (bool, string) {
		before := names
		text = p.Metrics()
		names = strings.Count(text, "# HELP glow_")
		return names > 0 && names == before, text
	})
	return text
}
