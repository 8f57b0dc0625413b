package answer

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/glowmap/glow/querier/question"
)

// event is what happened to n people: dimensions by name, and when.
type event struct {
	of map[string]any
	at int64
	n  int64
}

// told is what the public door answers to a question about events: rows of what
// the groups are, the period and n, nil where that is not told.
func told(t *testing.T, events []event, q *question.Question, least int64) (rows [][]any) {
	t.Helper()
	f := newFolder(q, least)
	f.starts, f.fine = periodsOf(events, q.Every), periodsOf(events, f.whole.Every)
	whole := f.whole
	c := collector{q: &whole, starts: f.fine, found: map[string]*group{}}
	for _, e := range events {
		var row []any
		if q.Every != "" {
			row = append(row, e.at)
		}
		for _, d := range whole.By {
			row = append(row, e.of[d])
		}
		if _, err := c.add(append(row, e.n)); err != nil {
			t.Fatal(err)
		}
	}
	groups, err := f.fold(t.Context(), c.groups)
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range groups {
		for i, n := range g.n {
			row := []any{g.folded, f.starts[i]}
			row = append(row, g.values...)
			if n.hidden {
				rows = append(rows, append(row, nil))
			} else {
				rows = append(rows, append(row, n.n))
			}
		}
	}
	return rows
}

func periodsOf(events []event, every question.Every) []int64 {
	if every == "" {
		return []int64{0}
	}
	var starts []int64
	for _, e := range events {
		starts = append(starts, every.Start(e.at))
	}
	slices.Sort(starts)
	return slices.Compact(starts)
}

// sum is an equation: the sum of these events, by number.
type sum map[int]bool

// attacker knows which events there are, but not how many people they stand
// for, and adds and subtracts all that it is told. It counts modulo a prime, by
// which nothing follows that does not follow without.
type attacker struct {
	events []event
	rows   [][]int64 // independent, each with a first 1 where no other has any
}

const prime = 1<<31 - 1

func inverse(a int64) int64 {
	result, power := int64(1), a%prime
	for e := int64(prime - 2); e > 0; e >>= 1 {
		if e&1 == 1 {
			result = result * power % prime
		}
		power = power * power % prime
	}
	return result
}

// reduce takes from a sum all that is known of it.
func (a *attacker) reduce(s sum) []int64 {
	row := make([]int64, len(a.events))
	for i := range s {
		row[i] = 1
	}
	for _, known := range a.rows {
		first := slices.IndexFunc(known, func(x int64) bool { return x != 0 })
		if f := row[first]; f != 0 {
			for i, x := range known {
				row[i] = ((row[i]-f*x)%prime + prime) % prime
			}
		}
	}
	return row
}

func (a *attacker) knows(s sum) bool {
	return !slices.ContainsFunc(a.reduce(s), func(x int64) bool { return x != 0 })
}

func (a *attacker) learn(s sum) {
	row := a.reduce(s)
	first := slices.IndexFunc(row, func(x int64) bool { return x != 0 })
	if first < 0 {
		return
	}
	by := inverse(row[first])
	for i := range row {
		row[i] = row[i] * by % prime
	}
	a.rows = append(a.rows, row)
}

// group is what a question counts together.
func (a *attacker) sums(q *question.Question) map[string]sum {
	sums := map[string]sum{}
	for i, e := range a.events {
		id := keyOf(q, e)
		if sums[id] == nil {
			sums[id] = sum{}
		}
		sums[id][i] = true
	}
	return sums
}

func keyOf(q *question.Question, e event) string {
	start := int64(0)
	if q.Every != "" {
		start = q.Every.Start(e.at)
	}
	row := []any{false, start}
	for _, d := range q.By {
		row = append(row, e.of[d])
	}
	return fmt.Sprint(row)
}

// hear learns all that the answer to a question tells: also that what stands for
// all others is what the rows of its period leave.
func (a *attacker) hear(t *testing.T, q *question.Question, least int64) {
	t.Helper()
	sums := a.sums(q)
	rest := map[any]sum{}
	for i, e := range a.events {
		start := int64(0)
		if q.Every != "" {
			start = q.Every.Start(e.at)
		}
		if rest[start] == nil {
			rest[start] = sum{}
		}
		rest[start][i] = true
	}
	rows := told(t, a.events, q, least)
	others := 0
	for _, row := range rows {
		n, is := row[len(row)-1].(int64)
		folded := row[0].(bool)
		if folded {
			others++
		}
		if is && n > 0 && n < least {
			t.Fatalf("%v: a count of %d is told: %v", q, n, row)
		}
		if is && !folded && n > 0 {
			s := sums[fmt.Sprint(row[:len(row)-1])]
			a.learn(s)
			for i := range s {
				delete(rest[row[1]], i)
			}
		}
	}
	names := map[string]bool{}
	for _, row := range rows {
		name := fmt.Sprint(row[1 : len(row)-1])
		if len(q.By) > 0 && names[name] {
			t.Fatalf("%v: two rows are called %s", q, name)
		}
		names[name] = true
		if n, is := row[len(row)-1].(int64); is && row[0].(bool) {
			a.learn(rest[row[1]])
			got := int64(0)
			for i := range rest[row[1]] {
				got += a.events[i].n
			}
			if got != n {
				t.Fatalf("%v: the others are %d, want %d", q, n, got)
			}
		}
	}
}

// follows looks for a count below the least that follows, of all that any of
// the questions could tell.
func (a *attacker) follows(questions []*question.Question, least int64) string {
	for _, q := range questions {
		for id, s := range a.sums(q) {
			n := int64(0)
			for i := range s {
				n += a.events[i].n
			}
			if n < least && a.knows(s) {
				return fmt.Sprintf("%d of %v every %q: %s", n, q.By, q.Every, id)
			}
		}
	}
	return ""
}

// attack asks all questions about each of many random worlds.
func attack(t *testing.T, questions []*question.Question, world func(r *rand.Rand) []event) (found int) {
	t.Helper()
	r := rand.New(rand.NewPCG(11, 12))
	for i := range 150 {
		a := &attacker{events: world(r)}
		least := 2 + r.Int64N(10)
		for _, q := range questions {
			a.hear(t, q, least)
		}
		if s := a.follows(questions, least); s != "" {
			found++
			if found == 1 {
				t.Logf("world %d, least %d: %s\n%v", i, least, s, a.events)
			}
		}
	}
	return found
}

// few is mostly a small number.
func few(r *rand.Rand) int64 { return 1 + r.Int64N([]int64{3, 12, 40, 300}[r.IntN(4)]) }

func randomPlace(r *rand.Rand) map[string]any {
	continent := []any{"EU", "NA", "AS", nil}[r.IntN(4)]
	of := map[string]any{"continent": continent}
	if continent == nil && r.IntN(3) > 0 {
		return of
	}
	if r.IntN(6) == 0 {
		return of
	}
	name := fmt.Sprint(continent)[:1] + string('A'+rune(r.IntN(5)))
	if r.IntN(12) == 0 {
		name = "TR" // of two continents
	}
	of["country"] = name
	if r.IntN(3) > 0 {
		of["region"] = name + "-" + string('A'+rune(r.IntN(3)))
	}
	return of
}

func asking(every string, by ...string) *question.Question {
	return &question.Question{Every: question.Every(every), By: by}
}

// By place: in all, by continent, country and region, alone and together, and
// with all that they are parts of.
func TestPlacesTellNothingSmall(t *testing.T) {
	questions := []*question.Question{
		asking(""), asking("", "continent"), asking("", "country"), asking("", "region"), asking("", "continent", "country"),
		asking("", "region", "continent"), asking("", "region", "country"), asking("", "country", "region", "continent"),
	}
	found := attack(t, questions, func(r *rand.Rand) (events []event) {
		for range 1 + r.IntN(30) {
			events = append(events, event{of: randomPlace(r), n: few(r)})
		}
		return merge(events)
	})
	if found > 0 {
		t.Errorf("in %d worlds a small count follows", found)
	}
}

// merge makes one event of those of the same place and time.
func merge(events []event) (list []event) {
	for _, e := range events {
		at := slices.IndexFunc(list, func(o event) bool { return fmt.Sprint(o.of, o.at) == fmt.Sprint(e.of, e.at) })
		if at < 0 {
			list = append(list, e)
		} else {
			list[at].n += e.n
		}
	}
	return list
}

// By time: each minute, ten minutes, hour, day, and by date.
func TestTimesTellNothingSmall(t *testing.T) {
	questions := []*question.Question{asking(""), asking("", "date"), asking("1d", "date")}
	for _, every := range question.All {
		questions = append(questions, asking(string(every)))
	}
	found := attack(t, questions, func(r *rand.Rand) (events []event) {
		for range 1 + r.IntN(40) {
			at := 1774569600 + r.Int64N(40)*86400 + r.Int64N(2)*3600 + r.Int64N(3)*300
			events = append(events, event{of: map[string]any{"date": date(at)}, at: at - at%60, n: few(r)})
		}
		return merge(events)
	})
	if found > 0 {
		t.Errorf("in %d worlds a small count follows", found)
	}
}

func date(sec int64) string { return question.Value("date", sec).(string) }

// An answer whose dimensions cross tells nothing small by itself.
func TestCrossingTellsNothingSmall(t *testing.T) {
	questions := []*question.Question{
		asking(""), asking("1h"), asking("", "country"), asking("1h", "country"), asking("", "attr_os"), asking("1d", "country", "attr_os"),
	}
	for _, q := range questions {
		found := attack(t, []*question.Question{q}, func(r *rand.Rand) (events []event) {
			for range 1 + r.IntN(30) {
				of := randomPlace(r)
				of["attr_os"] = []any{"win", "mac", "OTHER", nil}[r.IntN(4)]
				events = append(events, event{of: of, at: 1774569600 + r.Int64N(30)*3600, n: few(r)})
			}
			return merge(events)
		})
		if found > 0 {
			t.Errorf("%v: in %d worlds a small count follows", q, found)
		}
	}
}

// What is told does not depend on the order in which an engine has rows, nor on
// that of the dimensions: else one could ask again and compare.
func TestFoldIsTheSame(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 14))
	for range 100 {
		var events []event
		for range 40 {
			events = append(events, event{of: randomPlace(r), at: 1774569600 + r.Int64N(3)*3600, n: 1 + r.Int64N(6)})
		}
		first := told(t, events, asking("1h", "country", "region"), 5)
		r.Shuffle(len(events), func(i, k int) { events[i], events[k] = events[k], events[i] })
		again := told(t, events, asking("1h", "region", "country"), 5)
		for _, row := range again {
			row[2], row[3] = row[3], row[2]
		}
		if a, b := sorted(first), sorted(again); !slices.Equal(a, b) {
			t.Fatalf("%v\nis not\n%v", a, b)
		}
	}
}

func sorted(rows [][]any) (list []string) {
	for _, row := range rows {
		list = append(list, fmt.Sprint(row))
	}
	slices.Sort(list)
	return list
}
