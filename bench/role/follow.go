package role

import (
	"errors"
	"strconv"
	"strings"
	"time"

	hp "github.com/hpcloud/tail"
	nx "github.com/nxadm/tail"
)

// followed counts lines by their number.
type followed struct {
	seen         []bool
	all, doubled int
}

// Number is the number of a line, which stands behind "n="; -1 if there is none.
func Number(line string) int {
	_, text, ok := strings.Cut(line, "n=")
	n, err := strconv.Atoi(strings.TrimSpace(text))
	if !ok || err != nil {
		return -1
	}
	return n
}

// take notes a line.
func (f *followed) take(line string) {
	n := Number(line)
	switch {
	case n < 0 || n >= len(f.seen):
	case f.seen[n]:
		f.doubled++
	default:
		f.seen[n] = true
		f.all++
	}
}

// follow reads lines that name their numbers until none has come for so many
// seconds. With 0 seconds it reads any n lines.
func follow[L any](args []string, open func(path string) (<-chan L, func(), error), text func(L) string) (Result, error) {
	if err := want(args, 3); err != nil {
		return Result{}, err
	}
	n, err := strconv.Atoi(args[1])
	seconds, err2 := strconv.Atoi(args[2])
	if err := errors.Join(err, err2); err != nil {
		return Result{}, err
	}
	lines, stop, err := open(args[0])
	if err != nil {
		return Result{}, err
	}
	defer stop()
	f := followed{seen: make([]bool, n)}
	wait := time.Duration(seconds) * time.Second
	if seconds == 0 {
		wait = time.Minute
	}
	var last time.Time
	start := time.Now()
	r, err := measure(func() (int, error) {
		quiet := time.NewTimer(wait)
		for read := 0; seconds > 0 || read < n; read++ {
			select {
			case line, ok := <-lines:
				if !ok {
					return f.all, nil
				}
				if seconds == 0 {
					_ = text(line)
					continue
				}
				f.take(text(line))
				last = time.Now()
				quiet.Reset(wait)
			case <-quiet.C:
				return f.all, nil
			}
		}
		return f.all, nil
	})
	r.Doubled = f.doubled
	if seconds == 0 {
		r.Events = n
	} else {
		r.Wall = last.Sub(start)
	}
	return r, err
}

func hpcloud(args []string) (Result, error) {
	return follow(args, func(path string) (<-chan *hp.Line, func(), error) {
		t, err := hp.TailFile(path, hp.Config{Follow: true, ReOpen: true, MustExist: true, Logger: hp.DiscardingLogger})
		if err != nil {
			return nil, nil, err
		}
		return t.Lines, t.Cleanup, nil
	}, func(l *hp.Line) string { return l.Text })
}

func nxadm(args []string) (Result, error) {
	return follow(args, func(path string) (<-chan *nx.Line, func(), error) {
		t, err := nx.TailFile(path, nx.Config{Follow: true, ReOpen: true, MustExist: true, Logger: nx.DiscardingLogger})
		if err != nil {
			return nil, nil, err
		}
		return t.Lines, t.Cleanup, nil
	}, func(l *nx.Line) string { return l.Text })
}
