package clickhouse

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/querier/engine"
)

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

// loadEach loads files side by side, begun in their order. Those that cannot be
// loaded are left out, unless a server is away.
func (e *Engine) loadEach(ctx context.Context, files []archive.File) (broken []error, err error) {
	var all sync.WaitGroup
	var next atomic.Int64
	errs := make([]error, len(files))
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	for range cap(e.turn) {
		all.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(files) && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				if errs[i] = e.loadAll(ctx, files[i:i+1]); errors.Is(errs[i], engine.ErrAway) {
					stop()
				}
			}
		})
	}
	all.Wait()
	for i, err := range errs {
		switch {
		case errors.Is(err, engine.ErrAway):
			return nil, err
		case errors.Is(err, engine.ErrGone): // no trouble of the engine
			e.log.Warn("a file of the archive is gone", "file", files[i].Name)
		default:
			broken = append(broken, err)
		}
	}
	return broken, ctx.Err()
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
	if fl.err = e.life.Err(); fl.err != nil { // closed
		close(fl.done)
		return fl
	}
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
	ctx, cancel := context.WithTimeout(e.life, hour) // a server may never answer
	defer cancel()
	began := time.Now()
	if err := e.put(ctx, f); err != nil {
		e.doubt(err)
		return err
	}
	e.log.Debug("file loaded", "file", f.Name, "rows", f.Rows(), "seconds", time.Since(began).Seconds())
	return nil
}

// newLoad is a load that nobody else has.
func newLoad(f archive.File) load {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return load{file: idOf(f), id: loadID(binary.BigEndian.Uint64(b[:])), rows: f.Rows()}
}

// put loads a file, and makes sure that questions reach it.
func (e *Engine) put(ctx context.Context, f archive.File) error {
	local, release, err := e.files.Local(ctx, f)
	if err != nil {
		return err
	}
	defer release()
	attrs := attributes(local.Columns)
	if err := e.addColumns(ctx, attrs); err != nil {
		return err
	}
	s, l := e.hosts.of(f), newLoad(f)
	err = s.put(ctx, l, attrs, local.Path)
	for try := 1; try < 10 && hasCode(err, codeOther); try++ { // another querier added a column
		l = newLoad(f)
		err = s.put(ctx, l, attrs, local.Path)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", s, err)
	}
	has, err := e.thereOfAny(ctx)
	if err == nil && has.rows[l.id] != l.rows {
		err = fmt.Errorf("%d rows of %d that were put on %s are reached: is it the host of the cluster %q?", has.rows[l.id], l.rows, s, e.hosts.cluster)
	}
	return err
}

// put fills a table of its own with the rows of a load and then puts its
// partition into events, in one step.
func (s *server) put(ctx context.Context, l load, attrs []string, path string) (err error) {
	to, stage := s.database+"."+events, fmt.Sprintf("%s.%s%x_%x", s.database, stages, uint64(l.file), uint64(l.id))
	if err := s.do(ctx, "CREATE TABLE "+stage+" AS "+to); err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime) // else it goes when it is old
		defer cancel()
		err = errors.Join(err, s.do(ctx, "DROP TABLE "+stage))
	}()
	if err := s.insert(ctx, stage, attrs, l, path); err != nil {
		return err
	}
	return s.do(ctx, "ALTER TABLE "+to+" REPLACE PARTITION "+l.partition()+" FROM "+stage)
}

func attributes(columns []string) (list []string) {
	for _, c := range columns {
		if strings.HasPrefix(c, attrPrefix) {
			list = append(list, c)
		}
	}
	return list
}
