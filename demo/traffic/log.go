package traffic

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// keepOld is how many rotated logs stay, log.1 is the youngest: long enough for
// a tailer that was away for a while.
const keepOld = 20

// Log is a log file that rotates in each of the ways that logs do.
type Log struct {
	path      string
	f         *os.File
	rotations int
	reopen    bool // the file was renamed and is still written to
}

// OpenLog makes a new log.
func OpenLog(path string) (*Log, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	return &Log{path: path, f: f}, nil
}

// Write appends whole lines.
func (l *Log) Write(lines []byte) (int, error) {
	n, err := l.f.Write(lines)
	if err == nil && l.reopen {
		l.reopen = false
		err = l.open()
	}
	return n, err
}

// Rotate turns the log over: in turn by renaming it and making a new one, by
// renaming it and writing to the old file once more before there is a new one
// (as a syslog daemon that is told late), and by copying and truncating it.
func (l *Log) Rotate() (how string, err error) {
	for i := keepOld - 1; i > 0; i-- {
		err := os.Rename(l.old(i), l.old(i+1))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return "", err
		}
	}
	l.rotations++
	switch l.rotations % 3 {
	case 1:
		return "renamed", errors.Join(os.Rename(l.path, l.old(1)), l.open())
	case 2:
		l.reopen = true
		return "renamed, reopened later", os.Rename(l.path, l.old(1))
	default:
		return "copied and truncated", errors.Join(l.copy(), os.Truncate(l.path, 0))
	}
}

// Close closes the file.
func (l *Log) Close() error { return l.f.Close() }

func (l *Log) old(i int) string { return fmt.Sprintf("%s.%d", l.path, i) }

func (l *Log) open() error {
	f, err := os.OpenFile(l.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	err = l.f.Close()
	l.f = f
	return err
}

func (l *Log) copy() error {
	from, err := os.Open(l.path)
	if err != nil {
		return err
	}
	defer from.Close()
	to, err := os.Create(l.old(1))
	if err != nil {
		return err
	}
	_, err = io.Copy(to, from)
	return errors.Join(err, to.Close())
}
