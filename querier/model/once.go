package model

import (
	"context"
	"errors"
	"time"
)

// Once computes one model and returns its newest rows, at most most of them; 0
// for all.
func (s *Store) Once(ctx context.Context, name string, most int) (*Page, error) {
	ctx, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	defer func() { stop(); <-ended }()
	tick := time.NewTicker(s.Look)
	defer tick.Stop()
	for {
		p, err := s.Rows(ctx, name, Ask{Limit: 1})
		if err == nil {
			if most == 0 || most > p.Total {
				most = p.Total
			}
			return s.Rows(ctx, name, Ask{Version: p.Info.Version, Offset: p.Total - most, Limit: most})
		}
		if errors.Is(err, ErrBroken) {
			i, _ := s.Get(name)
			return nil, errors.New(i.Error)
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-tick.C:
		}
	}
}
