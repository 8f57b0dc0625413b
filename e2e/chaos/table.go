package chaos

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"
)

// table counts the faults that were made.
type table struct {
	mu    sync.Mutex
	began time.Time
	rows  map[kind]row
	last  []string // the newest faults, for a failed run
}

type kind struct{ component, name string }

type row struct {
	times int
	took  time.Duration
}

func newTable() *table { return &table{began: time.Now(), rows: map[kind]row{}} }

func (t *table) add(f fault, began time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	k := kind{f.component, f.name}
	r := t.rows[k]
	t.rows[k] = row{r.times + 1, r.took + time.Since(began)}
	t.last = append(t.last, fmt.Sprintf("%s–%s %s", began.UTC().Format("15:04:05.000"), time.Now().UTC().Format("05.000"), f.name))
	t.last = t.last[max(0, len(t.last)-60):]
}

// count is how many faults were made, of how many kinds.
func (t *table) count() (faults, kinds int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, r := range t.rows {
		faults += r.times
	}
	return faults, len(t.rows)
}

// print shows all faults by component, and after a failure the last of them in
// the order in which they ended.
func (t *table) print(to testing.TB) {
	to.Helper()
	faults, kinds := t.count()
	t.mu.Lock()
	defer t.mu.Unlock()
	if to.Failed() {
		to.Logf("the last faults:\n%s", strings.Join(t.last, "\n"))
	}
	var b strings.Builder
	out := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(out, "component\tfault\ttimes\tseconds each")
	for _, k := range slices.SortedFunc(maps.Keys(t.rows), func(a, b kind) int {
		return cmp.Or(cmp.Compare(a.component, b.component), cmp.Compare(a.name, b.name))
	}) {
		r := t.rows[k]
		fmt.Fprintf(out, "%s\t%s\t%d\t%.1f\n", k.component, k.name, r.times, r.took.Seconds()/float64(r.times))
	}
	fmt.Fprintf(out, "all\t%d kinds\t%d\t\n", kinds, faults)
	out.Flush()
	to.Logf("faults:\n%s", b.String())
}
