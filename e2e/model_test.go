package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/glowmap/glow/e2e/harness"
	"github.com/glowmap/glow/e2e/oracle"
)

const dropped = "by = [\"date\", \"country\", \"type\"]\nvalue = \"count(*) as n\"\n"

// dropModel puts a model into the folder of a querier.
func dropModel(t *testing.T, g *harness.Glow) {
	t.Helper()
	dir := filepath.Join(g.Dir, "models")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "dropped.toml"), []byte(dropped))
}

// checkModel waits until the model has all events, from the first to the last,
// and is known to discovery.
func (i *inquirer) checkModel(rows []oracle.Row) {
	i.t.Helper()
	want := map[string]int{}
	for _, r := range rows {
		key, _ := json.Marshal([]any{time.Unix(r.Time, 0).UTC().Format(time.DateOnly), text0(r.Country), r.Type})
		want[string(key)]++
	}
	harness.Until(i.t, "the model is complete", 2*time.Minute, func() (bool, string) {
		var m struct{ Rows [][]any }
		if err := i.do(http.MethodGet, "/v1/models/dropped?rows_per_page=10000", nil, &m); err != nil {
			return false, err.Error()
		}
		got := map[string]int{}
		for _, row := range m.Rows {
			key, _ := json.Marshal(row[:3])
			got[string(key)] += int(row[3].(float64))
		}
		return maps.Equal(got, want), fmt.Sprintf("%.500v, want %.500v", got, want)
	})
	var k struct {
		Models []struct{ Name, State string }
	}
	if err := i.do(http.MethodGet, "/v1/keys", nil, &k); err != nil {
		i.t.Fatal(err)
	}
	if !slices.ContainsFunc(k.Models, func(m struct{ Name, State string }) bool { return m.Name == "dropped" && m.State == "ready" }) {
		i.t.Errorf("discovery: %v", k.Models)
	}
}
