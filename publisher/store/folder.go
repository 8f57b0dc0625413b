package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
)

// Folder is the folder of a file:// target.
type Folder struct {
	dir   string
	lock  *os.File
	known sync.Map // folders whose own names are durable
}

// NewFolder makes a Folder without touching it yet.
func NewFolder(dir string) *Folder { return &Folder{dir: filepath.Clean(dir)} }

// String is the target.
func (f *Folder) String() string { return "file://" + f.dir }

// Path is where an object of that name lies, "" the folder itself.
func (f *Folder) Path(name string) string { return filepath.Join(f.dir, filepath.FromSlash(name)) }

// Name is the name of an object that lies there.
func (f *Folder) Name(path string) (string, error) {
	name, err := filepath.Rel(f.dir, path)
	return filepath.ToSlash(name), err
}

// Lock keeps others out of a folder of that name, until Close: ErrLocked where
// another is in. It does nothing while we are.
func (f *Folder) Lock(name string) error {
	if f.lock != nil {
		return nil
	}
	dir, err := os.Open(f.Path(name))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrSettings, err)
	}
	if err := syscall.Flock(int(dir.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		dir.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return ErrLocked
		}
		return fmt.Errorf("lock %s: %w", dir.Name(), err)
	}
	f.lock = dir
	return nil
}

// Close unlocks what was locked.
func (f *Folder) Close() error {
	if f.lock == nil {
		return nil
	}
	err := f.lock.Close()
	f.lock = nil
	return err
}

// Sync makes the names in the folder at a path durable and, the first time, that
// folder's own name and its parents' up to the target's.
func (f *Folder) Sync(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	if err := errors.Join(dir.Sync(), dir.Close()); err != nil {
		return err
	}
	if _, known := f.known.Load(path); known || path == f.dir {
		return nil
	}
	if err := f.Sync(filepath.Dir(path)); err != nil {
		return err
	}
	f.known.Store(path, nil)
	return nil
}

// Forget says that folders were removed, whose names may come again.
func (f *Folder) Forget() { f.known.Clear() }
