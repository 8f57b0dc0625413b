package model

import (
	"context"
	"errors"
	"time"
)

// Once computes one model and returns at most most of its rows, 0 for all: the
// newest, or the first of a model that has no periods.
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
			a := Ask{Version: p.Info.Version, Limit: most}
			if p.Info.def.Every.Column != "" {
				a.Offset = p.Total - most
			}
			return s.Rows(ctx, name, a)
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
