package harness

import (
	"fmt"
	"os"
	"time"
)

// Stream is what a [Writer] writes where it has no list of lines.
type Stream struct {
	// Next makes up to n lines; none at the end.
	Next func(n int) [][]byte
	// Keep is how many rotated files stay at least; 0: all of them. An older
	// one is deleted, as logrotate does, once Spent says of the number of
	// lines written until it was rotated that they are needed no more.
	Keep  int
	Spent func(lines int) bool
}

// stream is what a writer knows while it writes a Stream.
type stream struct {
	Stream
	written int
	ends    []int // lines written until each numbered file was rotated, newest first
	dated   []old // files with dates in their names, oldest first
	asked   chan request
}

type old struct {
	path  string
	lines int
}

// request is a rotation asked for.
type request struct {
	kind Rotation
	done chan error
}

// Open prepares a stream: from now on Rotate may be called.
func (w *Writer) Open(s Stream) error {
	w.Rotated = map[Rotation]int{}
	if w.Linger == 0 {
		w.Linger = 200 * time.Millisecond
	}
	w.stream = stream{Stream: s, asked: make(chan request)}
	return w.open()
}

// Run writes the stream to its end, at the writer's rate, and closes the log.
func (w *Writer) Run() error {
	start := time.Now()
	for {
		lines := w.stream.Next(1 + w.Rand.IntN(max(w.Rate/50, 2)))
		if len(lines) == 0 {
			break
		}
		w.stream.written += len(lines)
		if err := w.chunk(lines); err != nil {
			return err
		}
		due := start.Add(time.Duration(float64(w.stream.written) / float64(w.Rate) * 1e9))
		if err := w.serve(due); err != nil {
			return err
		}
	}
	if err := w.endLate(true); err != nil {
		return err
	}
	return w.file.Close()
}

// serve rotates as asked until the time has come to write on.
func (w *Writer) serve(due time.Time) error {
	timer := time.NewTimer(time.Until(due))
	defer timer.Stop()
	for {
		if err := w.endLate(false); err != nil {
			return err
		}
		select {
		case <-timer.C:
			return nil
		case q := <-w.stream.asked:
			var err error
			if w.lateEnd.IsZero() {
				if err = w.clear(); err == nil {
					err = w.rotate(q.kind)
				}
			}
			q.done <- err
			if err != nil {
				return err
			}
		}
	}
}

// Rotate rotates the log that a stream is written to, at once; while an
// earlier rotation is not over it does nothing.
func (w *Writer) Rotate(kind Rotation) error {
	q := request{kind, make(chan error, 1)}
	select {
	case w.stream.asked <- q:
		return <-q.done
	case <-time.After(time.Minute):
		return fmt.Errorf("rotate %s: nobody writes", w.Path)
	}
}

// clear deletes rotated files that are spent.
func (w *Writer) clear() error {
	s := &w.stream
	if s.Keep == 0 {
		return nil
	}
	for len(s.dated) > s.Keep && s.Spent(s.dated[0].lines) {
		if err := os.Remove(s.dated[0].path); err != nil {
			return err
		}
		s.dated = s.dated[1:]
	}
	for n := len(w.names); n > s.Keep && s.Spent(s.ends[n-1]); n-- {
		if err := os.Remove(fmt.Sprintf("%s.%d%s", w.Path, n, w.names[n-1])); err != nil {
			return err
		}
		w.names, s.ends = w.names[:n-1], s.ends[:n-1]
	}
	return nil
}
