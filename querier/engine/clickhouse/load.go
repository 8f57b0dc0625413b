package clickhouse

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/querier/engine"
)

const (
	events = "events"
	stages = "events_loading_" // tables that are being filled
)

// fixed are the columns that every archive has, and where the row is from.
const fixed = "file UInt64, time Int64, type String, continent Nullable(String), country Nullable(String), " +
	"region Nullable(String), cell Nullable(Int64), lat Nullable(Float64), lon Nullable(Float64)"

// prepare makes what is not there, and removes what those left who died a
// while ago.
func (e *Engine) prepare(ctx context.Context) error {
	err := e.makeTable(ctx)
	if said := (*Error)(nil); errors.As(err, &said) && said.Code == codeDatabase {
		if err = e.server.do(ctx, "CREATE DATABASE IF NOT EXISTS "+e.server.database); err == nil {
			err = e.makeTable(ctx)
		}
	}
	if err != nil {
		return err
	}
	left, err := e.server.rows(ctx, "SELECT name FROM system.tables WHERE database = '"+e.server.database+
		"' AND position(name, '"+stages+"') = 1 AND metadata_modification_time < now() - 3600")
	for _, row := range left {
		if err == nil {
			err = e.server.do(ctx, "DROP TABLE IF EXISTS "+e.server.table(row[0].(string)))
		}
	}
	return err
}

func (e *Engine) makeTable(ctx context.Context) error {
	return e.server.do(ctx, "CREATE TABLE IF NOT EXISTS "+e.server.table(events)+" ("+fixed+
		") ENGINE = MergeTree() PARTITION BY file ORDER BY (type, time)")
}

// fileID names a file in the table: a partition.
type fileID uint64

func idOf(f archive.File) fileID {
	sum := sha256.Sum256([]byte(f.Name))
	return fileID(binary.BigEndian.Uint64(sum[:]))
}

// String is the partition's name.
func (id fileID) String() string { return strconv.FormatUint(uint64(id), 10) }

// state is what the table has.
type state struct {
	rows    map[fileID]uint64
	columns []string
}

// there asks the server what it has.
func (e *Engine) there(ctx context.Context) (state, error) {
	where := " WHERE database = '" + e.server.database + "' AND table = '" + events + "'"
	rows, err := e.server.rows(ctx, "SELECT partition AS name, toInt64(sum(rows)) AS n FROM system.parts"+where+
		" AND active GROUP BY partition UNION ALL SELECT name, toInt64(-1) AS n FROM system.columns"+where)
	if err != nil {
		return state{}, err
	}
	has := state{rows: map[fileID]uint64{}}
	for _, r := range rows {
		text, n := r[0].(string), r[1].(int64)
		if n < 0 {
			has.columns = append(has.columns, text)
			continue
		}
		id, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			return has, fmt.Errorf("partition %q is not of our making", text)
		}
		has.rows[fileID(id)] = uint64(n)
	}
	return has, nil
}

// missing are the files that are not there, or not whole.
func (s state) missing(files []archive.File) (list []archive.File) {
	for _, f := range files {
		if s.rows[idOf(f)] != f.Rows() {
			list = append(list, f)
		}
	}
	return list
}

func newestFirst(files []archive.File) {
	slices.SortFunc(files, func(a, b archive.File) int {
		return cmp.Or(cmp.Compare(b.Date, a.Date), cmp.Compare(b.To, a.To), cmp.Compare(a.Name, b.Name))
	})
}

// flight is a file being loaded.
type flight struct {
	done chan struct{}
	err  error
}

// loadAll loads files one after the other.
func (e *Engine) loadAll(ctx context.Context, files []archive.File) error {
	for i, f := range files {
		fl := e.load(f)
		select {
		case <-fl.done:
			if fl.err != nil {
				return fmt.Errorf("load %s: %w", f.Name, fl.err)
			}
		case <-ctx.Done():
			return fmt.Errorf("%w: %d files to come: %w", engine.ErrFilling, len(files)-i, ctx.Err())
		}
	}
	return nil
}

// load begins to load a file, unless that has begun, and goes on whoever waits
// for it.
func (e *Engine) load(f archive.File) *flight {
	e.mu.Lock()
	defer e.mu.Unlock()
	id := idOf(f)
	if fl := e.flights[id]; fl != nil {
		return fl
	}
	fl := &flight{done: make(chan struct{})}
	e.flights[id] = fl
	e.running.Go(func() {
		fl.err = e.inTurn(f)
		e.mu.Lock()
		delete(e.flights, id)
		e.mu.Unlock()
		close(fl.done)
	})
	return fl
}

func (e *Engine) inTurn(f archive.File) error {
	select {
	case e.turn <- struct{}{}:
	case <-e.life.Done():
		return e.life.Err()
	}
	defer func() { <-e.turn }()
	began := time.Now()
	if err := e.put(e.life, f); err != nil {
		return err
	}
	e.log.Debug("file loaded", "file", f.Name, "rows", f.Rows(), "seconds", time.Since(began).Seconds())
	return nil
}

// put fills a table of its own with the file's rows and then puts its partition
// in the place of what events may have of the file, in one step.
func (e *Engine) put(ctx context.Context, f archive.File) (err error) {
	local, release, err := e.files.Local(ctx, f)
	if err != nil {
		return err
	}
	defer release()
	attrs := attributes(local.Columns)
	if err := e.addColumns(ctx, attrs); err != nil {
		return err
	}
	token := make([]byte, 8)
	_, _ = rand.Read(token) // never fails
	stage := e.server.table(stages + idOf(f).String() + "_" + hex.EncodeToString(token))
	if err := e.server.do(ctx, "CREATE TABLE "+stage+" AS "+e.server.table(events)); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.server.do(context.WithoutCancel(ctx), "DROP TABLE "+stage)) }()
	if err := e.server.insert(ctx, stage, attrs, f, local.Path); err != nil {
		return err
	}
	return e.replace(ctx, f, stage)
}

// replacing is held by the engine of this process that replaces a partition.
var replacing sync.Mutex

// replace puts a stage's partition in the place of what events may have of a
// file. Where two are put at the same time, old servers keep both: so this
// process puts one at a time, and looks whether another one did, too.
func (e *Engine) replace(ctx context.Context, f archive.File, stage string) error {
	replacing.Lock()
	defer replacing.Unlock()
	for range 5 {
		if err := e.server.do(ctx, "ALTER TABLE "+e.server.table(events)+" REPLACE PARTITION "+idOf(f).String()+" FROM "+stage); err != nil {
			return err
		}
		has, err := e.there(ctx)
		if err != nil {
			return err
		}
		if len(has.missing([]archive.File{f})) == 0 {
			return nil
		}
	}
	return fmt.Errorf("%w: another querier loads %s, too", engine.ErrFilling, f.Name)
}

func attributes(columns []string) (list []string) {
	for _, c := range columns {
		if strings.HasPrefix(c, attrPrefix) {
			list = append(list, c)
		}
	}
	return list
}

// addColumns adds the columns that are not there. Somebody else may be doing
// the same.
func (e *Engine) addColumns(ctx context.Context, columns []string) error {
	has, err := e.there(ctx)
	if err != nil {
		return err
	}
	for _, c := range columns {
		if slices.Contains(has.columns, c) {
			continue
		}
		failed := e.server.do(ctx, "ALTER TABLE "+e.server.table(events)+" ADD COLUMN "+quote(c)+" Nullable(String)")
		if has, err = e.there(ctx); err != nil {
			return err
		}
		if !slices.Contains(has.columns, c) {
			return failed
		}
	}
	return nil
}

// drop drops what has been unwanted for long.
func (e *Engine) drop(ctx context.Context, has state, files []archive.File) error {
	for _, id := range e.old(has, files, time.Now()) {
		if err := e.server.do(ctx, "ALTER TABLE "+e.server.table(events)+" DROP PARTITION "+id.String()); err != nil {
			return err
		}
	}
	return nil
}

// used makes files that the archive may not name any more stay.
func (e *Engine) used(files []archive.File) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, f := range files {
		delete(e.unwanted, idOf(f))
	}
}

// old notes what is unwanted since now, and returns what has been so for long.
func (e *Engine) old(has state, files []archive.File, now time.Time) (list []fileID) {
	e.mu.Lock()
	defer e.mu.Unlock()
	wanted := map[fileID]bool{}
	for _, f := range files {
		wanted[idOf(f)] = true
	}
	since := map[fileID]time.Time{}
	for id := range has.rows {
		if wanted[id] {
			continue
		}
		if since[id] = now; !e.unwanted[id].IsZero() {
			since[id] = e.unwanted[id]
		}
		if now.Sub(since[id]) >= e.keep {
			list = append(list, id)
			delete(since, id)
		}
	}
	e.unwanted = since
	slices.Sort(list)
	return list
}
