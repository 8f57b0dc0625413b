package feed

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/glowmap/glow/publisher/store"
)

// errAway is wrapped by errors of a store that was in use and may come back.
var errAway = errors.New("store")

// away says what an error of the store means: before the target was ever in
// use, wrong settings are for the operator to mend; afterwards everything may
// be over in a while.
func (p *Publisher) away(doing string, err error) error {
	if err == nil {
		return nil
	}
	if !p.opened && errors.Is(err, store.ErrSettings) {
		return err
	}
	return fmt.Errorf("%w: %s: %w", errAway, doing, err)
}

// lockWait is how often a folder that another publisher holds is tried again.
const lockWait = 200 * time.Millisecond

func (p *Publisher) openStore(ctx context.Context) error {
	for told := false; ; told = true {
		err := p.store.Open(ctx)
		if !errors.Is(err, store.ErrLocked) {
			return p.away("open the target", err)
		}
		if !told {
			p.d.Log.Info("waiting for the target's folder, which another publisher has locked")
			p.d.Ready()
		}
		if err := p.pause(ctx, lockWait); err != nil {
			return err
		}
	}
}
