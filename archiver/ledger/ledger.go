// Package ledger is the archiver's side of Redis: which files the archive has
// and how far the located stream is archived. Each step that writes is one of
// the scripts in this folder.
package ledger

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/internal/bucket"
	"github.com/glowmap/glow/internal/keys"
	"github.com/glowmap/glow/internal/rdb"
)

var (
	//go:embed begin.lua
	beginSource string
	//go:embed stop.lua
	stopSource string
	//go:embed look.lua
	lookSource string
	//go:embed holds.lua
	holdsSource string
	//go:embed commit.lua
	commitSource string
	//go:embed swap.lua
	swapSource string
	//go:embed forget.lua
	forgetSource string

	begin  = rdb.NewScript(beginSource)
	stop   = rdb.NewScript(stopSource)
	look   = rdb.NewScript(lookSource)
	holds  = rdb.NewScript(holdsSource)
	commit = rdb.NewScript(commitSource)
	swap   = rdb.NewScript(swapSource)
	forget = rdb.NewScript(forgetSource)
)

// Scripts are what [rdb.Open] must know.
var Scripts = []*rdb.Script{begin, stop, look, holds, commit, swap, forget}

var (
	// ErrChanged says that Redis is not in the state that a step was made for:
	// look again.
	ErrChanged = errors.New("redis has changed meanwhile")
	// ErrCorrupt is wrapped by errors about what stands in Redis.
	ErrCorrupt = errors.New("what redis holds cannot be read")
)

func failed(doing string, err error) error { return fmt.Errorf("%w: %s: %w", rdb.ErrAway, doing, err) }

// Start is the cursor of an archive that has nothing yet.
const Start = "0-0"

// Ledger is the archive of one namespace as Redis knows it.
type Ledger struct {
	redis  *rdb.Client
	keys   keys.Keys
	holder string // of the lease in whose name we write
}

// New makes a Ledger. The client must know [Scripts].
func New(c *rdb.Client, k keys.Keys, holder string) *Ledger { return &Ledger{c, k, holder} }

// View is the state of the archive at one moment.
type View struct {
	Now      time.Time // of the Redis server: the one clock of the archiver's rules
	Feed     string    // "" if there is none yet
	State    string    // [keys.On], [keys.Off], or "" if archiving never began
	Manifest archive.Manifest
	Entries  int64                // of the located stream
	Oldest   time.Time            // the first of them; zero if there is none
	Replaced map[string]time.Time // since when, by file
}

// Look reads a [View], with the files only if they are asked for.
func (l *Ledger) Look(ctx context.Context, files bool) (*View, error) {
	with := "0"
	if files {
		with = "1"
	}
	k := []string{l.keys.Meta(), l.keys.Archive(), l.keys.Located(), l.keys.Segments(), l.keys.Replaced()}
	r, err := l.redis.Run(ctx, look, k, with).Slice()
	if err != nil {
		return nil, failed("look at the archive", err)
	}
	v := &View{Now: serverTime(r[0]), Feed: text(r[1]), State: text(r[2]), Entries: r[4].(int64), Replaced: map[string]time.Time{}}
	if first := text(r[5]); first != "" {
		v.Oldest = EntryTime(first)
	}
	if err := v.manifest(pairs(r[3]), pairs(r[6])); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	for file, at := range pairs(r[7]) {
		v.Replaced[file] = time.UnixMilli(int64(float(at)))
	}
	return v, nil
}

// manifest makes the manifest of what the hashes say.
func (v *View) manifest(fields, files map[string]string) error {
	m := &v.Manifest
	m.Feed, m.Cursor = v.Feed, archive.Cursor{Entry: Start, Rows: map[string]uint64{}}
	m.Missing = map[string]map[string]uint64{}
	for field, value := range fields {
		name, rest, _ := strings.Cut(field, "|")
		switch name {
		case "cursor":
			m.Cursor.Entry = value
		case "rows":
			m.Cursor.Rows[rest] = uint64(float(value))
		case "missing":
			typ, date, _ := strings.Cut(rest, "|")
			if m.Missing[typ] == nil {
				m.Missing[typ] = map[string]uint64{}
			}
			m.Missing[typ][date] = uint64(float(value))
		}
	}
	for name, entry := range files {
		f, err := archive.DecodeFile([]byte(entry))
		if err != nil {
			return fmt.Errorf("file %q: %w", name, err)
		}
		m.Files = append(m.Files, f)
	}
	return nil
}

// Begin has geoworkers append what they count to the located stream, unless
// that was switched off deliberately and anyway is not set. It returns the id
// of the feed, which is feed if it had none, and the state.
func (l *Ledger) Begin(ctx context.Context, feed string, anyway bool) (id, state string, err error) {
	force := "0"
	if anyway {
		force = "1"
	}
	r, err := l.redis.Run(ctx, begin, l.switchKeys(), feed, keys.Schema, force).StringSlice()
	if err != nil {
		return "", "", failed("begin to archive", err)
	}
	return r[0], r[1], nil
}

// Stop ends what Begin began, and says whether it was on.
func (l *Ledger) Stop(ctx context.Context) (bool, error) {
	n, err := l.redis.Run(ctx, stop, l.switchKeys()).Int()
	if err != nil {
		return false, failed("end archiving", err)
	}
	return n == 1, nil
}

func (l *Ledger) switchKeys() []string {
	return []string{l.keys.Meta(), l.keys.Archive(), l.keys.Bucket(bucket.ID{Period: bucket.All})}
}

// Segment is what one commit takes from the stream.
type Segment struct {
	Feed     string
	From     string // the cursor where it begins
	Last     string // its last entry
	LastSum  string // SHA-1 of the events of that
	Files    []archive.File
	Rows     map[string]uint64 // by type
	Rejected map[string]int    // by reason
}

// Commit commits a segment whose files are written; [ErrChanged].
func (l *Ledger) Commit(ctx context.Context, s *Segment) error {
	after, err := following(s.Last)
	if err != nil {
		return err
	}
	args := []any{l.holder, s.Feed, s.From, s.Last, s.LastSum, after}
	args = appendFiles(args, s.Files)
	args = append(args, len(s.Rows)+len(s.Rejected))
	for typ, n := range s.Rows {
		args = append(args, "rows|"+typ, n)
	}
	for reason, n := range s.Rejected {
		args = append(args, "rejected|"+reason, n)
	}
	k := []string{l.keys.Lease(daemonName), l.keys.Meta(), l.keys.Archive(), l.keys.Located(), l.keys.Segments(), l.keys.Replaced()}
	return answer(l.redis.Run(ctx, commit, k, args...).Text())
}

const daemonName = "archiver"

func appendFiles(args []any, files []archive.File) []any {
	args = append(args, len(files))
	for _, f := range files {
		args = append(args, f.Name, f.Encode())
	}
	return args
}

// answer makes an error of what a step says.
func answer(what string, err error) error {
	if err != nil {
		return failed("commit", err)
	}
	if what != "OK" {
		return fmt.Errorf("%w: the %s", ErrChanged, what)
	}
	return nil
}

// Gone counts rows that leave the archive, by type and date.
type Gone struct {
	Type, Date string
	Rows       uint64
}

// Swap replaces listed files by others; rows that are in none of these are
// missing from then on. [ErrChanged].
func (l *Ledger) Swap(ctx context.Context, feed string, out, in []archive.File, gone []Gone) error {
	args := []any{l.holder, feed, len(out)}
	for _, f := range out {
		args = append(args, f.Name)
	}
	args = append(appendFiles(args, in), len(gone))
	for _, g := range gone {
		args = append(args, "missing|"+g.Type+"|"+g.Date, g.Rows)
	}
	k := []string{l.keys.Lease(daemonName), l.keys.Meta(), l.keys.Archive(), l.keys.Segments(), l.keys.Replaced()}
	return answer(l.redis.Run(ctx, swap, k, args...).Text())
}

// Forget forgets replaced files that are deleted.
func (l *Ledger) Forget(ctx context.Context, files []string) error {
	for len(files) > 0 {
		n := min(len(files), 1000)
		args := make([]any, n)
		for i, f := range files[:n] {
			args[i] = f
		}
		if err := l.redis.Run(ctx, forget, []string{l.keys.Replaced()}, args...).Err(); err != nil {
			return failed("forget deleted files", err)
		}
		files = files[n:]
	}
	return nil
}

// Durable waits until all that Redis acknowledged is on its disk; false where
// that never is.
func (l *Ledger) Durable(ctx context.Context) (bool, error) {
	ok, err := l.redis.Durable(ctx)
	if err != nil {
		return false, failed("wait for its disk", err)
	}
	return ok, nil
}
