package measure

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

const (
	groupDashboards = "100 dashboards beside it"
	viewersOfIt     = 100
	looksEvery      = 10 * time.Second // of one viewer
)

// dashboards measures the day from file to buckets with and without a hundred
// dashboards that look at the archive, in turn.
func (h *history) dashboards(ctx context.Context, rounds int) error {
	for range rounds {
		s, err := h.pipeline(ctx, pipeline{logs: []string{h.log}, workers: 1, tally: h.tally})
		if err != nil {
			return err
		}
		h.Report.Add(groupDashboards, "the day without", s)
		c := h.crowd()
		time.Sleep(looksEvery) // until all of them are there
		s, err = h.pipeline(ctx, pipeline{logs: []string{h.log}, workers: 1, tally: h.tally})
		if err := errors.Join(err, c.stop()); err != nil {
			return err
		}
		s.Note = fmt.Sprintf("%.0f answers a second, each %s", float64(len(c.took))/c.length.Seconds(), c.took)
		h.Report.Add(groupDashboards, "the day with them", s)
		h.say("%s", s.Note)
	}
	return nil
}

// spectators are a hundred viewers of dashboards, who came one after the other.
type spectators struct {
	client *asker
	days   []int64 // their first seconds
	began  time.Time
	length time.Duration
	ended  atomic.Bool
	done   sync.WaitGroup
	mu     sync.Mutex
	took   times
	errs   []error
}

func (h *history) crowd() *spectators {
	c := &spectators{client: h.client, days: h.days(), began: time.Now()}
	for i := range viewersOfIt {
		c.done.Go(func() {
			time.Sleep(looksEvery * time.Duration(i) / viewersOfIt)
			for look := 0; !c.ended.Load(); look++ {
				next := time.Now().Add(looksEvery)
				c.look(i, look)
				for time.Now().Before(next) && !c.ended.Load() {
					time.Sleep(10 * time.Millisecond)
				}
			}
		})
	}
	return c
}

// look is what a dashboard shows: what there is, a curve of one of the dates,
// the first countries of it, and those of the hours.
func (c *spectators) look(i, look int) {
	day := c.days[(i+look)%len(c.days)]
	from, to := clock(day), clock(day+86400)
	ask := func(q map[string]any) func() error {
		q["keys"], q["from"], q["to"] = []string{"download"}, from, to
		return func() error { return c.client.ask(q, &table{}) }
	}
	for _, request := range []func() error{
		func() error { _, err := c.client.keys(); return err },
		ask(map[string]any{"every": "10m"}),
		ask(map[string]any{"by": []string{"country"}, "limit": 20}),
		ask(map[string]any{"by": []string{"continent", "hour"}}),
	} {
		began := time.Now()
		err := request()
		c.mu.Lock()
		c.took = append(c.took, time.Since(began))
		if err != nil {
			c.errs = append(c.errs, err)
		}
		c.mu.Unlock()
	}
}

// stop sends the viewers away.
func (c *spectators) stop() error {
	c.length = time.Since(c.began)
	c.ended.Store(true)
	c.done.Wait()
	if len(c.errs) > 0 {
		return fmt.Errorf("%d of %d answers were none, the first: %w", len(c.errs), len(c.took), c.errs[0])
	}
	return nil
}
