package model

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/glowmap/glow/querier/model/define"
	"github.com/glowmap/glow/querier/model/expr"
)

// Ask says which rows of a model are wanted.
type Ask struct {
	Version     string // "" for the newest
	Start, Stop int64  // periods from Start on, before Stop, in Unix seconds; 0: all
	Order       string // columns, - before one for the greatest first; "": the model's
	Offset      int
	Limit       int
}

// Page is some rows of one version.
type Page struct {
	Info  Info // its Version, Until and Rows are those of the version
	Total int  // rows that there are from Start to Stop
	Rows  [][]any
}

// AskError says what is wrong with an Ask.
type AskError struct{ Field, Message string }

// Error is field and message.
func (e *AskError) Error() string { return e.Field + ": " + e.Message }

// Rows returns a page of rows: texts, int64, float64, bool, nil for what is
// unknown; times are texts.
func (s *Store) Rows(ctx context.Context, name string, a Ask) (*Page, error) {
	info, m, v, err := s.version(name, a.Version)
	if err != nil {
		return nil, err
	}
	by, err := parseOrder(m, a.Order)
	if err != nil {
		return nil, err
	}
	if m.Every.Column == "" && (a.Start != 0 || a.Stop != 0) {
		return nil, &AskError{"start", "the rows of this model have no time"}
	}
	p := &Page{Info: info}
	spans := v.spans(m, a.Start, a.Stop)
	for _, sp := range spans {
		p.Total += sp.to - sp.from
	}
	if len(by) == 0 {
		p.Rows = take(m, spans, a.Offset, a.Limit)
		return p, ctx.Err()
	}
	order, err := s.sorted(ctx, m, v, a, spans, by)
	if err != nil {
		return nil, err
	}
	at := starts(spans)
	for _, n := range order[min(a.Offset, len(order)):min(a.Offset+a.Limit, len(order))] {
		sp, i := locate(spans, at, int(n))
		p.Rows = append(p.Rows, plain(m, sp.b.row(i, nil)))
	}
	return p, ctx.Err()
}

// version finds a version of a model.
func (s *Store) version(name, id string) (Info, *define.Model, *version, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, ok := s.models[name]
	if !ok {
		return Info{}, nil, nil, ErrNone
	}
	v := e.now()
	if v == nil {
		return Info{}, nil, nil, e.missing()
	}
	if id != "" && id != v.id {
		if v = e.version(id); v == nil {
			return Info{}, nil, nil, ErrVersion
		}
	}
	return e.info(v), e.def, v, nil
}

// parseOrder reads "-n,country".
func parseOrder(m *define.Model, order string) (by []define.Sort, err error) {
	if order == "" {
		return nil, nil
	}
	columns := m.Columns()
	for _, part := range strings.Split(order, ",") {
		name, down := strings.CutPrefix(strings.TrimSpace(part), "-")
		i := slices.Index(columns, name)
		if i < 0 || len(by) == len(columns) {
			return nil, &AskError{"order", fmt.Sprintf("no column %q: there are %s, with - for the greatest first", name, strings.Join(columns, ", "))}
		}
		by = append(by, define.Sort{Column: i, Down: down})
	}
	return by, nil
}

// spans are the rows of a span of time.
func (v *version) spans(m *define.Model, start, stop int64) []span {
	var spans []span
	for _, b := range v.blocks {
		sp := span{b, 0, b.N}
		if m.Every.Column != "" {
			sp = b.between(start, stop)
		}
		if sp.to > sp.from {
			spans = append(spans, sp)
		}
	}
	return spans
}

// take reads rows in their natural order.
func take(m *define.Model, spans []span, offset, limit int) (rows [][]any) {
	for _, sp := range spans {
		n := sp.to - sp.from
		if offset >= n {
			offset -= n
			continue
		}
		for i := sp.from + offset; i < sp.to && len(rows) < limit; i++ {
			rows = append(rows, plain(m, sp.b.row(i, nil)))
		}
		offset = 0
		if len(rows) == limit {
			break
		}
	}
	return rows
}

// plain makes texts of times.
func plain(m *define.Model, row []any) []any {
	n := 0
	if m.Every.Column != "" {
		row[0] = m.Every.Format(row[0].(int64))
		n = 1
	}
	for i, c := range slices.Concat(m.Groups, m.Values) {
		if t, ok := row[n+i].(int64); ok && c.Expr.Type == expr.Time {
			row[n+i] = time.Unix(t, 0).UTC().Format(time.RFC3339)
		}
	}
	return row
}

// starts are the numbers of the spans' first rows among all.
func starts(spans []span) []int {
	at, n := make([]int, len(spans)), 0
	for i, sp := range spans {
		at[i] = n
		n += sp.to - sp.from
	}
	return at
}

// locate finds row n of all.
func locate(spans []span, at []int, n int) (span, int) {
	k, found := slices.BinarySearch(at, n)
	if !found {
		k--
	}
	return spans[k], spans[k].from + n - at[k]
}

// sortSpans sorts the rows of all spans; equal ones keep their natural order.
func sortSpans(m *define.Model, spans []span, by []define.Sort) []int32 {
	all := newTable(resultTypes(m))
	var row []any
	for _, sp := range spans {
		for i := sp.from; i < sp.to; i++ {
			row = sp.b.row(i, row)
			all.add(row)
		}
	}
	return sortRows(all.N, by, func(column int) func(i, j int) int { return all.Cols[column].compare }, all.null)
}

// sorts keeps a few orders of a version's rows for the next page.
type sorts struct {
	mu   sync.Mutex
	keep map[Ask][]int32
}

// mostSorts is how many orders are kept of a version, and sortWait how long to
// wait for one: rows are sorted for one client at a time, as that takes a core
// and memory.
const (
	mostSorts = 4
	sortWait  = 10 * time.Second
)

func (s *sorts) get(a Ask) []int32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.keep[a]
}

func (s *sorts) put(a Ask, order []int32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.keep == nil || len(s.keep) >= mostSorts {
		s.keep = map[Ask][]int32{}
	}
	s.keep[a] = order
}

func (s *sorts) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keep = nil
}

// bytes is what the orders take.
func (s *sorts) bytes() (n int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, order := range s.keep {
		n += 4 * int64(cap(order))
	}
	return n
}

// sorted is the order of the rows of spans as a wants it.
func (s *Store) sorted(ctx context.Context, m *define.Model, v *version, a Ask, spans []span, by []define.Sort) ([]int32, error) {
	a.Version, a.Offset, a.Limit = "", 0, 0
	if order := v.sorts.get(a); order != nil {
		return order, nil
	}
	ctx, cancel := context.WithTimeout(ctx, sortWait)
	defer cancel()
	select {
	case s.sorting <- struct{}{}:
		defer func() { <-s.sorting }()
	case <-ctx.Done():
		return nil, ErrBusy
	}
	if order := v.sorts.get(a); order != nil { // of whoever was before us
		return order, nil
	}
	order := sortSpans(m, spans, by)
	v.sorts.put(a, order)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trim(v.sorts)
	return order, nil
}
