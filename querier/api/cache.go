package api

import (
	"container/list"
	"context"
	"fmt"
	"runtime/debug"
	"sync"
)

// cache keeps answers by what was asked of which version, and has a question
// that several ask at once run once.
type cache struct {
	most int

	mu      sync.Mutex
	bytes   int
	kept    map[string]*list.Element
	recent  *list.List // of kept answers, the last used first
	running map[string]*call
}

type keptAnswer struct {
	key  string
	body []byte
}

// call is a question that runs.
type call struct {
	done    chan struct{}
	body    []byte
	err     error
	waiting int
	cancel  context.CancelFunc
}

func newCache(most int) *cache {
	return &cache{most: most, kept: map[string]*list.Element{}, recent: list.New(), running: map[string]*call{}}
}

// get returns the answer that is kept under key or that make makes, and whether
// make was not needed. What make makes stops when nobody waits for it any more.
func (c *cache) get(ctx context.Context, key string, make func(context.Context) ([]byte, error)) (body []byte, had bool, err error) {
	c.mu.Lock()
	if e := c.kept[key]; e != nil {
		c.recent.MoveToFront(e)
		c.mu.Unlock()
		return e.Value.(*keptAnswer).body, true, nil
	}
	run := c.running[key]
	if had = run != nil; !had {
		inner, cancel := context.WithCancel(context.WithoutCancel(ctx))
		run = &call{done: newDone(), cancel: cancel}
		c.running[key] = run
		go c.run(inner, key, run, make)
	}
	run.waiting++
	c.mu.Unlock()
	select {
	case <-run.done:
		return run.body, had, run.err
	case <-ctx.Done():
		c.leave(key, run)
		return nil, had, ctx.Err()
	}
}

func newDone() chan struct{} { return make(chan struct{}) }

// leave stops a question for which nobody waits. Whoever asks it next starts anew.
func (c *cache) leave(key string, run *call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if run.waiting--; run.waiting == 0 {
		run.cancel()
		if c.running[key] == run {
			delete(c.running, key)
		}
	}
}

func (c *cache) run(ctx context.Context, key string, run *call, make func(context.Context) ([]byte, error)) {
	defer run.cancel()
	run.body, run.err = caught(ctx, make)
	c.mu.Lock()
	defer c.mu.Unlock()
	close(run.done)
	if c.running[key] == run {
		delete(c.running, key)
	}
	if run.err == nil {
		c.keep(key, run.body)
	}
}

// caught makes an error of a panic: here it would end the process, and in a
// handler of net/http it costs but the one request.
func caught(ctx context.Context, make func(context.Context) ([]byte, error)) (body []byte, err error) {
	defer func() {
		if p := recover(); p != nil {
			body, err = nil, fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return make(ctx)
}

// keep keeps an answer, in place of those that were not used for longest.
func (c *cache) keep(key string, body []byte) {
	size := len(key) + len(body)
	if size > c.most/4 || c.kept[key] != nil {
		return
	}
	c.kept[key] = c.recent.PushFront(&keptAnswer{key, body})
	c.bytes += size
	for c.bytes > c.most {
		last := c.recent.Remove(c.recent.Back()).(*keptAnswer)
		delete(c.kept, last.key)
		c.bytes -= len(last.key) + len(last.body)
	}
}
