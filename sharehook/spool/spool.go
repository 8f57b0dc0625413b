// Package spool keeps lines on disk before anything else is done with them.
//
// A spool is a directory of segments: files of whole lines, only ever appended
// to by the process that began them. Lines that arrive together are written
// and synced together (group commit), and [Spool.Append] returns nil only once
// its line, and the name of the segment that holds it, are on the disk.
//
// What a failed disk left half done is never built on: after a failed write or
// sync the segment is cut back to what was synced before and given up, since
// the kernel reports a lost page once and then calls it clean. What a crash
// left half done is cut off at the next start.
package spool

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sys/unix"
)

// Errors of [Spool.Append]; in each case the line is not in the spool.
var (
	ErrFull   = errors.New("the spool is full")
	ErrDisk   = errors.New("the spool's disk refuses to write")
	ErrClosed = errors.New("the spool is closed")
)

// Options say how large and how old things may become.
type Options struct {
	Max          int64         // bytes of all segments; a new one is begun only if it fits whole
	SegmentBytes int64         // a segment is reserved and at most this long
	SegmentAge   time.Duration // a segment is closed at this age at the latest
	Log          *slog.Logger
	Metrics      prometheus.Registerer
	// Health, if not nil, is called every second while the spool's own loop goes
	// round, with what keeps it from taking lines or nil.
	Health func(error)
}

// retryAfter is how long a disk that failed is left in peace.
const retryAfter = time.Second

// Spool is an open spool. Its methods may be called by any number of goroutines.
type Spool struct {
	o    Options
	dir  *os.File // to sync names
	lock *os.File
	disk disk
	m    metrics

	wake chan struct{} // there is something to commit
	stop chan struct{} // nothing more will be appended
	done chan struct{} // all is committed

	mu     sync.Mutex
	next   *group // gathers lines for the next commit
	closed bool
	sealed []Segment  // oldest first
	live   *segment   // being written, nil if none
	uncut  []*segment // given up, still to be cut back
	number int64      // of the newest segment

	// Of live and uncut the committer is the only writer, so that it reads
	// them without mu. The rest is its own.
	failed   time.Time // when the disk last failed; zero if it may be tried
	troubled bool      // nothing was written since it failed
	full     bool      // as last told
}

// group is the lines of one commit.
type group struct {
	buf   []byte
	lines int
	done  chan struct{} // closed when err is set
	err   error
}

func newGroup() *group { return &group{done: make(chan struct{})} }

// Open locks the directory, which it makes if need be, repairs what a crash
// left and starts committing.
func Open(dir string, o Options) (*Spool, error) { return open(dir, o, realDisk{}) }

func open(dir string, o Options, d disk) (*Spool, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	lock, err := lockDir(dir)
	if err != nil {
		return nil, err
	}
	s := &Spool{
		o: o, lock: lock, disk: d, m: newMetrics(o.Metrics), next: newGroup(),
		wake: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{}),
	}
	if s.dir, err = os.Open(dir); err == nil {
		s.sealed, err = s.restore()
	}
	if err != nil {
		lock.Close()
		return nil, err
	}
	if n := len(s.sealed); n > 0 {
		s.number = s.sealed[n-1].number
	}
	s.count()
	go s.run()
	return s, nil
}

// lockDir makes sure that one process alone has the spool.
func lockDir(dir string) (*os.File, error) {
	f, err := os.OpenFile(dir+"/lock", os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fmt.Errorf("%s is in use by another sharehook: give each its own", dir)
		}
		return nil, fmt.Errorf("lock %s: %w", dir, err)
	}
	return f, nil
}

// Append adds a line, given without its newline, and returns nil once it is on
// the disk. The line must not contain a newline.
func (s *Spool) Append(line []byte) error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return ErrClosed
	}
	g := s.next
	g.buf = append(append(g.buf, line...), '\n')
	g.lines++
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default: // it is awake, or will be
	}
	<-g.done
	return g.err
}

// Close commits what was appended, ends the last segment and unlocks the spool.
func (s *Spool) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	s.mu.Unlock()
	close(s.stop)
	<-s.done
	return errors.Join(s.dir.Close(), s.lock.Close())
}

// run is the committer: the only goroutine that writes.
func (s *Spool) run() {
	defer close(s.done)
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-s.wake:
			s.commitNext()
		case <-tick.C:
			s.tend()
			s.tell()
		case <-s.stop:
			s.commitNext()
			s.seal()
			s.tend()
			return
		}
	}
}

func (s *Spool) commitNext() {
	s.mu.Lock()
	g := s.next
	s.next = newGroup()
	s.mu.Unlock()
	if g.lines > 0 {
		g.err = s.commit(g)
	}
	close(g.done)
}

// commit puts a group on the disk.
func (s *Spool) commit(g *group) error {
	if !s.failed.IsZero() && time.Since(s.failed) < retryAfter {
		return ErrDisk
	}
	if l := s.live; l != nil && l.size+int64(len(g.buf)) > s.o.SegmentBytes {
		s.seal()
	}
	if s.live == nil {
		if err := s.begin(); err != nil {
			return err
		}
	}
	if err := s.write(g); err != nil {
		return s.giveUp(err)
	}
	s.works()
	return nil
}

func (s *Spool) write(g *group) error {
	if _, err := s.live.file.Write(g.buf); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	start := time.Now()
	if err := s.live.file.Sync(); err != nil {
		return fmt.Errorf("sync: %w", err)
	}
	s.m.fsync.Observe(time.Since(start).Seconds())
	s.m.lines.Observe(float64(g.lines))
	s.m.bytes.Add(float64(len(g.buf)))
	s.mu.Lock()
	s.live.size += int64(len(g.buf))
	s.mu.Unlock()
	return nil
}

// tend does what is due without a line to write: it ends an old segment, cuts
// back those that were given up and tries a disk that failed.
func (s *Spool) tend() {
	if s.live != nil && time.Since(s.live.begun) >= s.o.SegmentAge {
		s.seal()
	}
	for _, seg := range slices.Clone(s.uncut) {
		_ = s.cut(seg) // else at the next tick
	}
	if !s.failed.IsZero() && time.Since(s.failed) >= retryAfter && s.begin() == nil {
		s.failed = time.Time{} // good enough to be asked again
	}
}

// tell passes on how the spool is.
func (s *Spool) tell() {
	full := s.live == nil && !s.fits()
	if full != s.full {
		s.full = full
		if full {
			s.o.Log.Error("the spool is full: shares are refused until segments may go; see --spool-max", "bytes", s.Bytes())
		} else {
			s.o.Log.Info("the spool has room again", "bytes", s.Bytes())
		}
	}
	switch {
	case s.o.Health == nil:
	case !s.failed.IsZero():
		s.o.Health(ErrDisk)
	case full:
		s.o.Health(ErrFull)
	default:
		s.o.Health(nil)
	}
}

// fits says whether one more segment may be begun.
func (s *Spool) fits() bool { return s.Bytes()+s.o.SegmentBytes <= s.o.Max }

// fails notes that the disk failed; the log hears of it once per outage.
func (s *Spool) fails(err error) error {
	s.m.errors.Inc()
	s.failed = time.Now()
	if !s.troubled {
		s.troubled = true
		s.o.Log.Error("the spool's disk fails: shares are refused until it works", "err", err)
	}
	return fmt.Errorf("%w: %w", ErrDisk, err)
}

func (s *Spool) works() {
	s.failed = time.Time{}
	if s.troubled {
		s.troubled = false
		s.o.Log.Info("the spool's disk works again")
	}
}
