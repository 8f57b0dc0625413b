package imports

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"time"

	"github.com/glowmap/glow/internal/position"
	"github.com/glowmap/glow/internal/rdb"
	"github.com/glowmap/glow/tailer/push"
)

//go:embed done.lua
var doneSource string

var doneScript = rdb.NewScript(doneSource)

// Scripts are the atomic steps of an import, for daemon.App.Scripts.
var Scripts = []*rdb.Script{push.Script, doneScript}

// entry is what the ledger says of a content.
type entry struct {
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"` // uncompressed
	Lines  int    `json:"lines"`
	Events int    `json:"events"`
	At     string `json:"at"` // when it was done
}

// known reads what Redis knows.
func (im *Import) known(ctx context.Context) (known, error) {
	positions, err := im.d.Redis.HGetAll(ctx, im.d.Keys.Positions()).Result()
	if err != nil {
		return known{}, fmt.Errorf("read positions: %w", err)
	}
	ledger, err := im.d.Redis.HGetAll(ctx, im.d.Keys.Imports()).Result()
	if err != nil {
		return known{}, fmt.Errorf("read the ledger of imports: %w", err)
	}
	return newKnown(positions, ledger), nil
}

// settle writes a file of which all is queued into the ledger. It returns
// push.ErrStale if Redis knows better.
func (im *Import) settle(ctx context.Context, f *File, w *work) error {
	last := w.trace.position(position.Done, f.Name).String()
	if p, err := position.Parse(w.value); err == nil && (p.State == position.Done || p.Offset > f.Size) {
		last = w.value // it is as it shall be, or a tailer has taken it over and the file has grown
	}
	b, err := json.Marshal(entry{f.Name, f.Size, w.lines, w.events, time.Now().UTC().Format(time.RFC3339)})
	if err != nil {
		return err
	}
	answer, err := im.d.Redis.Run(ctx, doneScript, []string{im.d.Keys.Positions(), im.d.Keys.Imports()},
		f.Sum.field(), w.value, last, f.Sum.String(), b).Text()
	switch {
	case err != nil:
		return fmt.Errorf("write %s into the ledger of imports: %w", f.Name, err)
	case answer != "OK":
		return push.ErrStale
	}
	return nil
}
