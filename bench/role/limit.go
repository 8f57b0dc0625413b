package role

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net/netip"
	"os"
	"strconv"
	"sync"

	"github.com/oschwald/maxminddb-golang/v2"
	"github.com/redis/go-redis/v9"

	"github.com/glowmap/glow/geoworker/locate"
	"github.com/glowmap/glow/internal/event"
	"github.com/glowmap/glow/internal/grid"
)

// split reads a file and finds its lines.
func split(args []string) (Result, error) {
	if err := want(args, 1); err != nil {
		return Result{}, err
	}
	return measure(func() (n int, err error) {
		f, err := os.Open(args[0])
		if err != nil {
			return 0, err
		}
		defer f.Close()
		in := bufio.NewReaderSize(f, 1<<20)
		for {
			_, err := in.ReadSlice('\n')
			if err == io.EOF {
				return n, nil
			}
			if err != nil {
				return n, err
			}
			n++
		}
	})
}

// each calls f for the address and the time of each line.
func each(text []byte, f func(ip, time []byte) error) (n int, err error) {
	for len(text) > 0 && err == nil {
		i := bytes.IndexByte(text, '\n')
		sp := bytes.IndexByte(text[:i], ' ')
		err = f(text[:sp], text[sp+1:i])
		text = text[i+1:]
		n++
	}
	return n, err
}

// onEachCore measures work on the two halves of a log side by side.
func onEachCore(path string, work func(half int, text []byte) (int, error)) (Result, error) {
	texts, err := halves(path)
	if err != nil {
		return Result{}, err
	}
	return measure(func() (n int, err error) {
		var all sync.WaitGroup
		var lines [2]int
		var errs [2]error
		for i, text := range texts {
			all.Go(func() { lines[i], errs[i] = work(i, text) })
		}
		all.Wait()
		return lines[0] + lines[1], errors.Join(errs[:]...)
	})
}

// library parses and locates with the standard library and MaxMind's format's
// own, in one thread for each core: it finds the record, and does not read it.
func library(args []string) (Result, error) {
	if err := want(args, 2); err != nil {
		return Result{}, err
	}
	db, err := maxminddb.Open(args[0])
	if err != nil {
		return Result{}, err
	}
	found := [2]int{}
	return onEachCore(args[1], func(half int, text []byte) (int, error) {
		hits := 0
		defer func() { found[half] = hits }()
		return each(text, func(ip, time []byte) error {
			addr, err := netip.ParseAddr(string(ip))
			if err != nil {
				return err
			}
			if _, err := strconv.ParseInt(string(time), 10, 64); err != nil {
				return err
			}
			if db.Lookup(addr).Found() {
				hits++
			}
			return nil
		})
	})
}

// own parses and locates with what geoworker is made of, in one thread for
// each core.
func own(args []string) (Result, error) {
	if err := want(args, 2); err != nil {
		return Result{}, err
	}
	g, err := grid.New(0.5)
	if err != nil {
		return Result{}, err
	}
	var maps [2]*locate.Map
	for i := range maps {
		if maps[i], err = locate.Open(args[0], g); err != nil {
			return Result{}, err
		}
	}
	return onEachCore(args[1], func(half int, text []byte) (int, error) {
		addrs, spots := make([]netip.Addr, 0, event.MaxBatch), make([]uint32, event.MaxBatch)
		n, err := each(text, func(ip, time []byte) error {
			addr, ok := event.ParseAddr(ip)
			_, okTime := event.ParseSeconds(time)
			if !ok || !okTime {
				return errors.New("bad line")
			}
			if addrs = append(addrs, addr); len(addrs) == cap(addrs) {
				maps[half].Spots(addrs, spots)
				addrs = addrs[:0]
			}
			return nil
		})
		maps[half].Spots(addrs, spots[:len(addrs)])
		return n, err
	})
}

// hincrby adds to a thousand fields of a hash, a command an event, pipelined.
func hincrby(args []string) (Result, error) {
	return pipelined(args, func(ctx context.Context, p redis.Pipeliner, i int) {
		p.HIncrBy(ctx, "bench", strconv.Itoa(i%1000), 1)
	})
}

// xadd queues an event an entry, pipelined.
func xadd(args []string) (Result, error) {
	return pipelined(args, func(ctx context.Context, p redis.Pipeliner, _ int) {
		p.XAdd(ctx, &redis.XAddArgs{Stream: "bench", Values: []string{"event", "203.0.113.7 1395100800 download"}})
	})
}

func pipelined(args []string, queue func(context.Context, redis.Pipeliner, int)) (Result, error) {
	if err := want(args, 2); err != nil {
		return Result{}, err
	}
	n, err := strconv.Atoi(args[1])
	if err != nil {
		return Result{}, err
	}
	c := redis.NewClient(&redis.Options{Network: "unix", Addr: args[0]})
	defer c.Close()
	ctx := context.Background()
	return measure(func() (int, error) {
		for i := 0; i < n; {
			p := c.Pipeline()
			for range min(1000, n-i) {
				queue(ctx, p, i)
				i++
			}
			if _, err := p.Exec(ctx); err != nil {
				return 0, err
			}
		}
		return n, nil
	})
}
