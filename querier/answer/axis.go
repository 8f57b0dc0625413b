package answer

import (
	"slices"
	"time"

	"github.com/glowmap/glow/querier/question"
)

// axis is dimensions of which one is a part of the other, as a country is of a
// continent, or an hour of a day.
type axis struct {
	levels []level // the first is everything, the last is as fine as the question
}

// level is one of the ways in which an axis may be asked about.
type level struct {
	every question.Every // of the time
	of    []int32        // by leaf: what it is there, in the order of values; nil: everything
	same  []int32        // by leaf: what an answer calls that, where it has one name for several
	never []bool         // by leaf: whether that is never told; nil: it may be
}

// nested are dimensions each of which is a part of the one before it.
var nested = []string{question.Continent, question.Country, question.Region}

// axesOf are the axes of a question, the same whatever order its dimensions
// have: the place, the time, then all others by name.
func axesOf(f *folder, leaves []leaf) (axes []axis) {
	a := axer{every: f.q.Every, by: f.whole.By, leaves: leaves, starts: f.fine}
	if slices.Contains(a.by, question.Continent) {
		axes = append(axes, a.places())
	}
	if a.every != "" || slices.Contains(a.by, question.Date) {
		axes = append(axes, a.time())
	}
	others := slices.Clone(a.by)
	slices.Sort(others)
	for _, d := range others {
		if !slices.Contains(nested, d) && d != question.Date {
			axes = append(axes, a.other(d))
		}
	}
	return axes
}

// finest are the last levels of axes.
func finest(axes []axis) []int {
	at := make([]int, len(axes))
	for i := range axes {
		at[i] = len(axes[i].levels) - 1
	}
	return at
}

// periods are the levels at which there is but the time, in periods.
func periods(axes []axis, every question.Every) []int {
	at := make([]int, len(axes))
	for i := range axes {
		if every != "" {
			at[i] = max(0, slices.IndexFunc(axes[i].levels, func(l level) bool { return l.every == every }))
		}
	}
	return at
}

// axer makes the axes of a question.
type axer struct {
	every  question.Every
	by     []string
	leaves []leaf
	starts []int64
}

func (a *axer) places() axis {
	levels := []level{{}}
	for i, d := range nested {
		at := slices.Index(a.by, d)
		if at < 0 {
			break
		}
		path := func(l leaf) (values []any) {
			for _, d := range nested[:i+1] {
				values = append(values, l.group.values[slices.Index(a.by, d)])
			}
			return values
		}
		own := level{of: a.number(path), never: make([]bool, len(a.leaves))}
		own.same = a.number(func(l leaf) []any { return []any{l.group.values[at]} })
		for k, l := range a.leaves {
			p := path(l)
			own.never[k] = p[i] == nil && i > 0 && p[i-1] != nil
		}
		levels = append(levels, own)
	}
	return axis{levels}
}

// other is an axis of one dimension.
func (a *axer) other(d string) axis {
	at := slices.Index(a.by, d)
	own := level{
		of:    a.number(func(l leaf) []any { return []any{l.group.values[at]} }),
		never: make([]bool, len(a.leaves)),
	}
	for i, l := range a.leaves {
		own.never[i] = l.group.values[at] == Folded
	}
	return axis{[]level{{}, own}}
}

// times are periods, each of which is a part of the one before it. A week that
// two months have days of is two parts, that are told together.
var times = []question.Every{"1mo", "1w", "1d", "1h", "10m", "1m"}

func (a *axer) time() axis {
	by := slices.Index(a.by, question.Date)
	last := slices.Index(times, a.every)
	second := func(l leaf) int64 { return a.starts[l.period] }
	if daily := slices.Index(times, "1d"); by >= 0 && last < daily {
		last = daily
		second = func(l leaf) int64 { return midnight(l.group.values[by]) }
	}
	levels := []level{{}}
	for _, e := range times[:last+1] {
		own := level{every: e}
		at := func(l leaf) []any { return []any{e.Start(second(l))} }
		own.of = a.number(at)
		if e == "1w" {
			own.same = own.of
			own.of = a.number(func(l leaf) []any { return append([]any{times[0].Start(second(l))}, at(l)...) })
		}
		levels = append(levels, own)
	}
	return axis{levels}
}

// midnight is the first second of a date as answers have it.
func midnight(date any) int64 {
	text, _ := date.(string)
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return 0
	}
	return t.Unix()
}

// number numbers what leaves have, in its order.
func (a *axer) number(of func(leaf) []any) []int32 {
	found := map[string]int32{}
	var all [][]any
	numbers := make([]int32, len(a.leaves))
	for i, l := range a.leaves {
		values := of(l)
		id := identity(values)
		n, ok := found[id]
		if !ok {
			n = int32(len(all))
			found[id] = n
			all = append(all, values)
		}
		numbers[i] = n
	}
	rank := make([]int32, len(all))
	order := make([]int32, len(all))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int { return compareLists(all[a], all[b]) })
	for i, n := range order {
		rank[n] = int32(i)
	}
	for i, n := range numbers {
		numbers[i] = rank[n]
	}
	return numbers
}
