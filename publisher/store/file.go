package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// folderStore writes each object as NAME and, gzipped, NAME.gz beside it, for
// web servers that send such files as they are. Both are written under other
// names, synced and renamed, so a reader sees the old or the new file and a
// power cut leaves one of them. The folder is locked while it is open, so
// there are no conflicts and no ETags.
type folderStore struct {
	dir   string
	lock  *os.File
	known sync.Map // folders whose own names are durable
}

func newFolder(dir string) *folderStore { return &folderStore{dir: filepath.Clean(dir)} }

func (s *folderStore) String() string { return "file://" + s.dir }

func (s *folderStore) Open(context.Context) error {
	if s.lock != nil {
		return nil
	}
	if err := os.MkdirAll(filepath.Join(s.dir, "v1"), 0o755); err != nil {
		return fmt.Errorf("%w: %w", ErrSettings, err)
	}
	f, err := os.Open(s.dir)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSettings, err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return ErrLocked
		}
		return fmt.Errorf("lock %s: %w", s.dir, err)
	}
	s.lock = f
	return nil
}

func (s *folderStore) Close() error {
	if s.lock == nil {
		return nil
	}
	err := s.lock.Close()
	s.lock = nil
	return err
}

func (s *folderStore) path(name string) string { return filepath.Join(s.dir, filepath.FromSlash(name)) }

func (s *folderStore) Get(_ context.Context, name string) ([]byte, string, error) {
	f, err := os.Open(s.path(name))
	if err != nil {
		return nil, "", none(err)
	}
	defer f.Close()
	b, err := unzip(f)
	return b, "", err
}

func (s *folderStore) Head(_ context.Context, name string) (string, error) {
	_, err := os.Stat(s.path(name))
	return "", none(err)
}

func none(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return ErrNone
	}
	return err
}

// Put renames the plain file last: it is the one that counts.
func (s *folderStore) Put(_ context.Context, o Object, _ string) (string, error) {
	path := s.path(o.Name)
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	if err := replace(path+".gz", zip(o.JSON)); err != nil {
		return "", err
	}
	if err := replace(path, o.JSON); err != nil {
		return "", err
	}
	return "", s.sync(dir)
}

// replace puts b at path. The temporary file is one a path, not a random one:
// what a crash leaves behind is used up by the next attempt.
func replace(path string, b []byte) error {
	dir, base := filepath.Split(path)
	temp := dir + "." + base + ".new"
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(temp, path)
}

// sync makes the names in dir durable and, the first time, dir's own name and
// its parents' up to the root of the target.
func (s *folderStore) sync(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	if _, known := s.known.Load(dir); known || dir == s.dir {
		return nil
	}
	if err := s.sync(filepath.Dir(dir)); err != nil {
		return err
	}
	s.known.Store(dir, nil)
	return nil
}

func (s *folderStore) List(ctx context.Context, prefix string, each func(string) error) error {
	return filepath.WalkDir(s.path(prefix), func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return errors.Join(ctx.Err(), ignoreNone(err))
		}
		name, err := filepath.Rel(s.dir, path)
		if err != nil || !strings.HasSuffix(name, ".json") {
			return err
		}
		return each(filepath.ToSlash(name))
	})
}

func (s *folderStore) Delete(_ context.Context, name string) error {
	return errors.Join(ignoreNone(os.Remove(s.path(name))), ignoreNone(os.Remove(s.path(name)+".gz")))
}

func ignoreNone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Expire deletes whole days, v1/10s/2026/03/24, and the months and years that
// are empty then.
func (s *folderStore) Expire(_ context.Context, now time.Time) error {
	root := s.path("v1/10s")
	days, err := filepath.Glob(filepath.Join(root, "[0-9]*", "[0-9]*", "[0-9]*"))
	if err != nil {
		return err
	}
	for _, dir := range days {
		name, err := filepath.Rel(root, dir)
		day, err2 := time.Parse("2006/01/02", filepath.ToSlash(name))
		if err != nil || err2 != nil || now.Sub(day) <= 3*24*time.Hour {
			continue
		}
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
		if os.Remove(filepath.Dir(dir)) == nil { // fails unless it is empty
			_ = os.Remove(filepath.Dir(filepath.Dir(dir)))
		}
		s.known.Clear()
	}
	return nil
}

func (s *folderStore) Honours(context.Context, Object) (bool, error) { return true, nil }
