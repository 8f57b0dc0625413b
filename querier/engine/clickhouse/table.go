package clickhouse

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/glowmap/glow/archiver/archive"
)

const (
	events = "events"
	stages = "events_loading_" // tables that are being filled
)

// fixed are the columns that every archive has, and where the row is from.
const fixed = "file UInt64, load UInt64, time Int64, type String, continent Nullable(String), country Nullable(String), " +
	"region Nullable(String), cell Nullable(Int64), lat Nullable(Float64), lon Nullable(Float64)"

// fileID names a file in the table, and loadID a load of it.
type (
	fileID uint64
	loadID uint64
)

func idOf(f archive.File) fileID {
	sum := sha256.Sum256([]byte(f.Name))
	return fileID(binary.BigEndian.Uint64(sum[:]))
}

// String is the number as statements have it.
func (id loadID) String() string { return strconv.FormatUint(uint64(id), 10) }

// load is a partition: the rows that were put there of a file at one time.
type load struct {
	file fileID
	id   loadID
	rows uint64
}

// partition is its name in statements.
func (l load) partition() string { return fmt.Sprintf("(%d,%d)", l.file, l.id) }

// prepare makes what is not there, once.
func (e *Engine) prepare(ctx context.Context) error {
	select {
	case e.preparing <- struct{}{}:
		defer func() { <-e.preparing }()
	case <-ctx.Done():
		return ctx.Err()
	}
	e.mu.Lock()
	done := e.prepared
	e.mu.Unlock()
	if done {
		return nil
	}
	err := e.hosts.each(func(s *server) error { return s.prepare(ctx) })
	if err != nil {
		return fmt.Errorf("prepare the tables: %w", err)
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.prepared = true
	return nil
}

// doubt has tables and columns looked for again, where the server says that
// there are none: somebody else dropped them.
func (e *Engine) doubt(err error) {
	if !nothing(err) {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.prepared, e.columns = false, map[string]bool{}
}

// prepare makes database and table if they are not there.
func (s *server) prepare(ctx context.Context) error {
	sql := "CREATE TABLE IF NOT EXISTS " + s.database + "." + events + " (" + fixed +
		") ENGINE = MergeTree() PARTITION BY (file, load) ORDER BY (type, time)"
	err := s.do(ctx, sql)
	if hasCode(err, codeDatabase) {
		if err = s.do(ctx, "CREATE DATABASE IF NOT EXISTS "+s.database); err == nil {
			err = s.do(ctx, sql)
		}
	}
	if err != nil {
		return err
	}
	return s.query(ctx, "SHOW CREATE TABLE "+s.database+"."+events, 0, func(row []any) error {
		if !strings.Contains(strings.ReplaceAll(fmt.Sprint(row), "`", ""), "PARTITION BY (file, load)") {
			return fmt.Errorf("the table %s.%s is not as this querier makes it, PARTITION BY (file, load): if nobody else needs it, DROP TABLE %[1]s.%[2]s, and it is filled anew", s.database, events)
		}
		return nil
	})
}

// state is what the table has.
type state struct {
	loads map[fileID][]load
	rows  map[loadID]uint64
}

// there asks a server what it and the others of its cluster have: in the way of
// a question, so that what is there is what a question reaches.
func (e *Engine) there(ctx context.Context, s *server) (state, error) {
	sql := "SELECT partition AS what, toInt64(sum(rows)) AS n FROM " + e.hosts.whole("system", "parts") +
		" WHERE database = '" + e.hosts.database + "' AND table = '" + events + "' AND active GROUP BY partition"
	if e.hosts.cluster != "" {
		sql += " UNION ALL SELECT 'shards' AS what, toInt64(uniqExact(shard_num)) AS n FROM system.clusters WHERE cluster = '" + e.hosts.cluster +
			"' UNION ALL SELECT 'replicas' AS what, toInt64(count()) AS n FROM system.clusters WHERE cluster = '" + e.hosts.cluster + "'"
	}
	list, err := s.list(ctx, sql)
	if err != nil {
		return state{}, err
	}
	has := state{loads: map[fileID][]load{}, rows: map[loadID]uint64{}}
	for _, r := range list {
		if r.name == "shards" || r.name == "replicas" {
			if r.n != int64(len(e.hosts.all)) {
				return has, fmt.Errorf("the cluster %s has %d %s, want %d: each host that is named, once", e.hosts.cluster, r.n, r.name, len(e.hosts.all))
			}
			continue
		}
		l := load{rows: uint64(r.n)}
		text := strings.ReplaceAll(r.name, " ", "")
		if _, err := fmt.Sscanf(text, "(%d,%d)", &l.file, &l.id); err != nil || text != l.partition() {
			return has, fmt.Errorf("partition %q is not of our making", r.name)
		}
		has.loads[l.file] = append(has.loads[l.file], l)
		has.rows[l.id] += l.rows
	}
	return has, nil
}

func (e *Engine) thereOfAny(ctx context.Context) (has state, err error) {
	err = e.hosts.any(func(s *server) error {
		has, err = e.there(ctx, s)
		return err
	})
	return has, err
}

// choose says which loads stand for files: of each the whole one with the
// smallest number. Files that have none are missing.
func (s state) choose(files []archive.File) (chosen []load, missing []archive.File) {
	done := map[fileID]bool{}
	for _, f := range files {
		id := idOf(f)
		if f.Rows() == 0 || done[id] {
			continue
		}
		done[id] = true
		if l, ok := s.chosen(f); ok {
			chosen = append(chosen, l)
		} else {
			missing = append(missing, f)
		}
	}
	return chosen, missing
}

func (s state) chosen(f archive.File) (load, bool) {
	whole := slices.DeleteFunc(slices.Clone(s.loads[idOf(f)]), func(l load) bool { return l.rows != f.Rows() || s.rows[l.id] != l.rows })
	if len(whole) == 0 {
		return load{}, false
	}
	return slices.MinFunc(whole, func(a, b load) int { return cmp.Compare(a.id, b.id) }), true
}

// known are those of some columns that all servers have. It is asked after
// what is there: what a file has was a column before its rows came.
func (e *Engine) known(ctx context.Context, s *server, columns []string) (map[string]bool, error) {
	e.mu.Lock()
	known := e.columns
	e.mu.Unlock()
	if !slices.ContainsFunc(columns, func(c string) bool { return !known[c] }) {
		return known, nil
	}
	list, err := s.list(ctx, "SELECT name, toInt64(count()) FROM "+e.hosts.whole("system", "columns")+
		" WHERE database = '"+e.hosts.database+"' AND table = '"+events+"' GROUP BY name")
	if err != nil {
		return nil, err
	}
	known = map[string]bool{}
	var some []string
	for _, c := range list {
		if known[c.name] = true; c.n != int64(len(e.hosts.all)) {
			some = append(some, c.name)
		}
	}
	if err := e.addColumns(ctx, some); err != nil {
		return nil, err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.columns = known
	return known, nil
}

// addColumns adds columns where they are not there. Somebody else may be doing
// the same.
func (e *Engine) addColumns(ctx context.Context, columns []string) error {
	if len(columns) == 0 {
		return nil
	}
	return e.hosts.each(func(s *server) error {
		has, err := s.columns(ctx)
		if err != nil {
			return err
		}
		for _, c := range columns {
			if slices.Contains(has, c) {
				continue
			}
			failed := s.do(ctx, "ALTER TABLE "+s.database+"."+events+" ADD COLUMN "+quote(c)+" Nullable(String)")
			if has, err = s.columns(ctx); err != nil {
				return err
			}
			if !slices.Contains(has, c) {
				return cmp.Or(failed, error(&Error{Text: "column " + c + " does not come"}))
			}
		}
		return nil
	})
}

// columns are those of this server's table.
func (s *server) columns(ctx context.Context) (list []string, err error) {
	rows, err := s.list(ctx, "SELECT name, toInt64(1) FROM system.columns WHERE database = '"+s.database+"' AND table = '"+events+"'")
	for _, r := range rows {
		list = append(list, r.name)
	}
	return list, err
}

func newestFirst(files []archive.File) {
	slices.SortFunc(files, func(a, b archive.File) int {
		return cmp.Or(cmp.Compare(b.Date, a.Date), cmp.Compare(b.To, a.To), cmp.Compare(a.Name, b.Name))
	})
}
