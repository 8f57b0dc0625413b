package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// folderStore writes each object as NAME and, gzipped, NAME.gz beside it, for
// web servers that send such files as they are. Both are written under other
// names, synced and renamed, so a reader sees the old or the new file and a
// power cut leaves one of them. The folder is locked while it is open, so
// there are no conflicts and no ETags.
type folderStore struct{ *Folder }

func newFolder(dir string) *folderStore { return &folderStore{NewFolder(dir)} }

// Open makes the folder of the feed and locks the target.
func (s *folderStore) Open(context.Context) error {
	if err := os.MkdirAll(s.Path("v1"), 0o755); err != nil {
		return fmt.Errorf("%w: %w", ErrSettings, err)
	}
	return s.Lock("")
}

// Get has no ETag: the lock keeps other writers out.
func (s *folderStore) Get(_ context.Context, name string) ([]byte, string, error) {
	f, err := os.Open(s.Path(name))
	if err != nil {
		return nil, "", none(err)
	}
	defer f.Close()
	b, err := unzip(f)
	return b, "", err
}

// Head says only whether the object is there.
func (s *folderStore) Head(_ context.Context, name string) (string, error) {
	_, err := os.Stat(s.Path(name))
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
	path := s.Path(o.Name)
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
	return "", s.Sync(dir)
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

// List passes over the twins of objects, and what is being written.
func (s *folderStore) List(ctx context.Context, prefix string, each func(string) error) error {
	return filepath.WalkDir(s.Path(prefix), func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return errors.Join(ctx.Err(), ignoreNone(err))
		}
		name, err := s.Name(path)
		if err != nil || !strings.HasSuffix(name, ".json") {
			return err
		}
		return each(name)
	})
}

// Delete is content with what is not there.
func (s *folderStore) Delete(_ context.Context, name string) error {
	return errors.Join(ignoreNone(os.Remove(s.Path(name))), ignoreNone(os.Remove(s.Path(name)+".gz")))
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
	root := s.Path("v1/10s")
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
		s.Forget()
	}
	return nil
}

// Honours is true: what the lock keeps out need not be refused.
func (s *folderStore) Honours(context.Context, Object) (bool, error) { return true, nil }
