package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"github.com/glowmap/glow/archiver/archive"
)

// folderStore keeps each object as a file. It is written under another name,
// synced and renamed, so a reader sees the old or the new one and a power cut
// leaves one of them. The folder of segments is locked while the store is
// open, so there are no conflicts and no ETags.
type folderStore struct {
	dir   string
	lock  *os.File
	known sync.Map // folders whose own names are durable
}

func newFolder(dir string) *folderStore { return &folderStore{dir: filepath.Clean(dir)} }

func (s *folderStore) String() string { return "file://" + s.dir }

func (s *folderStore) path(name string) string { return filepath.Join(s.dir, filepath.FromSlash(name)) }

// Open locks the folder of segments and not the target itself: a feed may lie
// in the same one.
func (s *folderStore) Open(context.Context) error {
	if s.lock != nil {
		return nil
	}
	dir := s.path(archive.Segments)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("%w: %w", ErrSettings, err)
	}
	f, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSettings, err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return ErrLocked
		}
		return fmt.Errorf("lock %s: %w", dir, err)
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

func (s *folderStore) Read(_ context.Context, name string) ([]byte, string, error) {
	b, err := os.ReadFile(s.path(name))
	return b, "", none(err)
}

// blob is an open file of a known size. What is renamed over it, or deleted,
// stays readable here.
type blob struct {
	*os.File
	size int64
}

func (b *blob) Size() int64 { return b.size }

func (s *folderStore) Fetch(_ context.Context, name string) (archive.Blob, error) {
	f, err := os.Open(s.path(name))
	if err != nil {
		return nil, none(err)
	}
	return sized(f)
}

func sized(f *os.File) (archive.Blob, error) {
	info, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, err
	}
	return &blob{f, info.Size()}, nil
}

func none(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return ErrNone
	}
	return err
}

func ignoreNone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func (s *folderStore) Put(_ context.Context, name string, body io.ReadSeeker) error {
	return s.replace(name, func(temp string) error {
		f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
		if err != nil {
			return err
		}
		_, err = io.Copy(f, body)
		return errors.Join(err, f.Sync(), f.Close())
	})
}

func (s *folderStore) Swap(ctx context.Context, name string, b []byte, _ string) (string, error) {
	return "", s.Put(ctx, name, bytes.NewReader(b))
}

// Copy gives the file a second name: files never change, so no bytes are moved.
func (s *folderStore) Copy(_ context.Context, from, to string) error {
	return s.replace(to, func(temp string) error {
		if err := ignoreNone(os.Remove(temp)); err != nil {
			return err
		}
		return none(os.Link(s.path(from), temp))
	})
}

// replace has a file made under another name and renames it. That name is one
// for each file, not a random one: what a crash leaves is used up by the next
// attempt.
func (s *folderStore) replace(name string, make func(temp string) error) error {
	dir, base := filepath.Split(s.path(name))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	temp := dir + "." + base + ".new"
	if err := make(temp); err != nil {
		return err
	}
	if err := os.Rename(temp, dir+base); err != nil {
		return err
	}
	_ = os.Remove(temp) // renaming a file over its other name leaves both
	return s.sync(filepath.Clean(dir))
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

// List names what crashes left of writing, too.
func (s *folderStore) List(ctx context.Context, prefix string, each func(Info) error) error {
	return filepath.WalkDir(s.path(prefix), func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return errors.Join(ctx.Err(), ignoreNone(err))
		}
		info, err := e.Info()
		name, errName := filepath.Rel(s.dir, path)
		if err := errors.Join(ignoreNone(err), errName); err != nil || info == nil {
			return err
		}
		return each(Info{filepath.ToSlash(name), info.Size(), info.ModTime()})
	})
}

// Delete removes the folders that it leaves empty, too.
func (s *folderStore) Delete(_ context.Context, name string) error {
	path := s.path(name)
	if err := ignoreNone(os.Remove(path)); err != nil {
		return err
	}
	_ = os.Remove(filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".new"))
	for dir := filepath.Dir(path); dir != s.path(archive.Segments) && len(dir) > len(s.path(archive.Root)); dir = filepath.Dir(dir) {
		if os.Remove(dir) != nil { // fails unless it is empty
			break
		}
		s.known.Delete(dir)
	}
	return nil
}

// Folder is the path of a store that is a folder.
func Folder(s Store) (path string, ok bool) {
	f, ok := s.(*folderStore)
	if !ok {
		return "", false
	}
	return f.dir, true
}
