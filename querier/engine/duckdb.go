//go:build cgo

package engine

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"math/big"
	"strings"

	duckdb "github.com/duckdb/duckdb-go/v2"

	"github.com/glowmap/glow/archiver/archive"
)

// duckDB is an engine within this process. It has one database in memory for
// each query that may run at once: so each has its own limit of memory.
type duckDB struct {
	files AllFiles
	idle  chan *sql.DB
	all   []*sql.DB
}

// OpenDuckDB makes an engine that reads Parquet files in the folders given and
// can do nothing else: no other file, no network, no extension, no setting.
func OpenDuckDB(files AllFiles, l Limits) (Engine, error) {
	if strings.ContainsAny(strings.Join(l.Folders, ""), "*?[]{}") {
		return nil, fmt.Errorf("folders %q: DuckDB takes * ? [ ] { } in a path for a pattern", l.Folders)
	}
	e := &duckDB{files: files, idle: make(chan *sql.DB, l.Concurrency)}
	for range l.Concurrency {
		c, err := duckdb.NewConnector("", func(c driver.ExecerContext) error { return nil })
		if err != nil {
			return nil, errors.Join(err, e.Close())
		}
		db := sql.OpenDB(c)
		db.SetMaxOpenConns(1)
		e.all = append(e.all, db)
		if err := lockDown(db, l); err != nil {
			return nil, errors.Join(fmt.Errorf("set up DuckDB: %w", err), e.Close())
		}
		e.idle <- db
	}
	return e, nil
}

// lockDown takes from a database all that queries do not need, for ever.
func lockDown(db *sql.DB, l Limits) error {
	folders := make([]string, len(l.Folders))
	for i, f := range l.Folders {
		folders[i] = text(strings.TrimSuffix(f, "/") + "/")
	}
	for _, s := range []string{
		"SET threads = " + fmt.Sprint(max(1, l.Threads)),
		"SET memory_limit = " + text(fmt.Sprintf("%dKiB", l.Memory>>10)),
		"SET temp_directory = ''",
		"SET autoinstall_known_extensions = false",
		"SET autoload_known_extensions = false",
		"SET preserve_insertion_order = false",
		"SET parquet_metadata_cache = false", // nothing bounds it, it is not in memory_limit, and saves less than a tenth of the CPU
		"SET allowed_directories = [" + strings.Join(folders, ", ") + "]",
		"SET enable_external_access = false",
		"SET lock_configuration = true",
	} {
		if _, err := db.Exec(s); err != nil {
			return fmt.Errorf("%s: %w", s, err)
		}
	}
	return nil
}

// Close closes all databases, also after an error of one.
func (e *duckDB) Close() error {
	var errs []error
	for _, db := range e.all {
		errs = append(errs, db.Close())
	}
	return errors.Join(errs...)
}

// Ready implements [Preparer].
func (e *duckDB) Ready(ctx context.Context, files []archive.File) (release func(), err error) {
	if len(files) == 0 {
		return func() {}, nil
	}
	_, release, err = e.files.All(ctx, files)
	return release, err
}

// Run waits until the files are there, and then until a database is free: what
// is fetched keeps nobody from asking about what is there. Who has a database
// waits for no room in a cache, so that those who wait for it may hold theirs.
func (e *duckDB) Run(ctx context.Context, q Query, each func([]any) error) error {
	scans, release, err := e.local(ctx, q)
	if err != nil {
		return err
	}
	defer release()
	var db *sql.DB
	select {
	case db = <-e.idle:
		defer func() { e.idle <- db }()
	case <-ctx.Done():
		return ctx.Err()
	}
	text, own := q.SQL, q.Args
	if q.Scope != nil {
		text, own = q.Scope.SQL, q.Scope.Args
	}
	events, args := table(q.Columns, scans, q.Scope)
	text, args = wholeTexts(with(events, text), append(args, own...))
	rows, err := db.QueryContext(ctx, text, args...)
	if err == nil {
		err = errors.Join(eachRow(rows, each), rows.Close())
	}
	return explain(ctx, err)
}

// local makes the files of a query local and sorts them by which of its columns
// they have, and by what they have outside of its scope.
func (e *duckDB) local(ctx context.Context, q Query) (scans []scan, release func(), err error) {
	if len(q.Files) == 0 {
		return nil, func() {}, nil
	}
	files, release, err := e.files.All(ctx, q.Files)
	if err != nil {
		return nil, nil, err
	}
	found := map[string]int{}
	for i, l := range files {
		has := common(q.Columns, l.Columns)
		out := q.Scope.outside(q.Files[i])
		key := fmt.Sprint(out, has)
		if _, ok := found[key]; !ok {
			found[key] = len(scans)
			scans = append(scans, scan{columns: has, outside: out})
		}
		s := &scans[found[key]]
		s.paths = append(s.paths, l.Path)
	}
	return scans, release, nil
}

// explain makes one of our errors of what DuckDB says.
func explain(ctx context.Context, err error) error {
	var d *duckdb.Error
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &d) && d.Type == duckdb.ErrorTypeOutOfMemory:
		return ErrMemory
	}
	return err
}

func eachRow(rows *sql.Rows, each func([]any) error) error {
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	row, to := make([]any, len(columns)), make([]any, len(columns))
	for i := range to {
		to[i] = &row[i]
	}
	for rows.Next() {
		if err := rows.Scan(to...); err != nil {
			return err
		}
		for i, v := range row {
			if row[i], err = plain(v); err != nil {
				return fmt.Errorf("column %s: %w", columns[i], err)
			}
		}
		if err := each(row); err != nil {
			return err
		}
	}
	return rows.Err()
}

// plain makes one of the kinds of values that Run promises.
func plain(v any) (any, error) {
	switch v := v.(type) {
	case nil, string, int64, float64, bool:
		return v, nil
	case []byte:
		return string(v), nil
	case int32:
		return int64(v), nil
	case int16:
		return int64(v), nil
	case int8:
		return int64(v), nil
	case uint32:
		return int64(v), nil
	case float32:
		return float64(v), nil
	case *big.Int: // sums of whole numbers
		if v.IsInt64() {
			return v.Int64(), nil
		}
		f, _ := new(big.Float).SetInt(v).Float64()
		return f, nil
	case duckdb.Decimal:
		return v.Float64(), nil
	}
	return nil, fmt.Errorf("a value of kind %T", v)
}
