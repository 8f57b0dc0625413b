package harness

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"
)

// Rotation is a way to begin a new log.
type Rotation string

// The rotations. Numbered names shift: log.1 becomes log.2 and so on.
const (
	Rename       Rotation = "rename"       // to log.1, a new file at once
	Late         Rotation = "late"         // to log.1, written on for a while, as until syslog-ng is told
	Create       Rotation = "create"       // the same, but the new file is there at once, as logrotate makes it
	CopyTruncate Rotation = "copytruncate" // copied to log.1, then cut to nothing
	Dated        Rotation = "dated"        // to log-20260324-140000.000000000
	Gzip         Rotation = "gzip"         // rename; the log before this one is gzipped
)

// Rotations are all of them.
var Rotations = []Rotation{Rename, Late, Create, CopyTruncate, Dated, Gzip}

// Writer writes lines to a log that it rotates meanwhile, as a syslog server
// and logrotate do. Nothing is lost by its own doing, and no rotated file is
// ever deleted.
type Writer struct {
	Path      string
	Rand      *rand.Rand
	Rate      int           // lines per second; 0: as fast as it goes
	Every     time.Duration // between rotations; 0: never
	Rotations []Rotation    // drawn at random
	Linger    time.Duration // longest that Late and Create write on

	stream stream // of Stream

	file    *os.File
	lateEnd time.Time // when such a rotation ends; zero outside
	Rotated map[Rotation]int
	names   []string // of the numbered files, newest first, as suffixes after their number
}

// Write writes all lines and closes the log.
func (w *Writer) Write(lines [][]byte) error {
	if w.Rotated = map[Rotation]int{}; w.Linger == 0 {
		w.Linger = 200 * time.Millisecond
	}
	if err := w.open(); err != nil {
		return err
	}
	start, rotated := time.Now(), time.Now()
	for done := 0; done < len(lines); {
		n := min(1+w.Rand.IntN(2*max(w.Rate/200, 50)), len(lines)-done)
		if err := w.chunk(lines[done : done+n]); err != nil {
			return err
		}
		done += n
		if w.Rate > 0 {
			time.Sleep(time.Until(start.Add(time.Duration(float64(done) / float64(w.Rate) * 1e9))))
		}
		if err := w.endLate(false); err != nil {
			return err
		}
		if w.Every > 0 && time.Since(rotated) > w.Every && w.lateEnd.IsZero() {
			rotated = time.Now()
			if err := w.rotate(w.Rotations[w.Rand.IntN(len(w.Rotations))]); err != nil {
				return err
			}
		}
	}
	if err := w.endLate(true); err != nil {
		return err
	}
	return w.file.Close()
}

func (w *Writer) open() (err error) {
	w.file, err = os.OpenFile(w.Path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	return err
}

// chunk writes lines, now and then in two writes with a line torn between them.
func (w *Writer) chunk(lines [][]byte) error {
	b := append(bytes.Join(lines, []byte("\n")), '\n')
	if w.Rand.IntN(8) == 0 {
		cut := w.Rand.IntN(len(b))
		if _, err := w.file.Write(b[:cut]); err != nil {
			return err
		}
		b = b[cut:]
		time.Sleep(time.Duration(w.Rand.IntN(8)) * time.Millisecond)
	}
	_, err := w.file.Write(b)
	return err
}

// endLate opens the new file of a Late or Create rotation once it is time.
func (w *Writer) endLate(now bool) error {
	if w.lateEnd.IsZero() || !now && time.Now().Before(w.lateEnd) {
		return nil
	}
	w.lateEnd = time.Time{}
	w.file.Close()
	return w.open()
}

func (w *Writer) rotate(r Rotation) error {
	w.Rotated[r]++
	if r == Dated {
		name := w.Path + time.Now().UTC().Format("-20060102-150405.000000000")
		w.stream.dated = append(w.stream.dated, old{name, w.stream.written})
		return w.renameTo(name)
	}
	if err := w.shift(r == Gzip); err != nil {
		return err
	}
	first := w.Path + ".1"
	switch r {
	case CopyTruncate:
		if err := copyFile(w.Path, first); err != nil {
			return err
		}
		return os.Truncate(w.Path, 0)
	case Late, Create:
		w.lateEnd = time.Now().Add(time.Duration(w.Rand.Int64N(int64(w.Linger))))
		if err := os.Rename(w.Path, first); err != nil || r == Late {
			return err
		}
		return os.WriteFile(w.Path, nil, 0o644)
	}
	return w.renameTo(first)
}

func (w *Writer) renameTo(name string) error {
	if err := os.Rename(w.Path, name); err != nil {
		return err
	}
	w.file.Close()
	return w.open()
}

// shift makes room for log.1, the oldest first; zip packs what becomes log.2.
func (w *Writer) shift(zip bool) error {
	for i := len(w.names); i > 0; i-- {
		from, to := fmt.Sprintf("%s.%d%s", w.Path, i, w.names[i-1]), fmt.Sprintf("%s.%d%s", w.Path, i+1, w.names[i-1])
		if err := os.Rename(from, to); err != nil {
			return err
		}
	}
	if zip && len(w.names) > 0 && w.names[0] == "" {
		if err := gzipFile(w.Path + ".2"); err != nil {
			return err
		}
		w.names[0] = ".gz"
	}
	w.names = append([]string{""}, w.names...)
	w.stream.ends = append([]int{w.stream.written}, w.stream.ends...)
	return nil
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		return err
	}
	return out.Close()
}

// gzipFile packs a file as gzip does: path.gz appears, then path goes.
func gzipFile(path string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	z.Name = filepath.Base(path)
	_, _ = z.Write(b)
	_ = z.Close()
	if err := os.WriteFile(path+".gz", packed.Bytes(), 0o644); err != nil {
		return err
	}
	return os.Remove(path)
}
