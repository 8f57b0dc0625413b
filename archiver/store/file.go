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

	"github.com/glowmap/glow/archiver/archive"
	feed "github.com/glowmap/glow/publisher/store"
)

// folderStore keeps each object as a file. It is written under another name,
// synced and renamed, so a reader sees the old or the new one and a power cut
// leaves one of them. The folder of segments is locked while the store is
// open, so there are no conflicts and no ETags.
type folderStore struct{ *feed.Folder }

func newFolder(dir string) *folderStore { return &folderStore{feed.NewFolder(dir)} }

// Open locks the folder of segments and not the target itself: a feed may lie
// in the same one.
func (s *folderStore) Open(context.Context) error {
	if err := os.MkdirAll(s.Path(archive.Segments), 0o755); err != nil {
		return fmt.Errorf("%w: %w", ErrSettings, err)
	}
	err := s.Lock(archive.Segments)
	if errors.Is(err, feed.ErrLocked) {
		return ErrLocked
	}
	return err
}

// Read reads a small file whole; its ETag is always "".
func (s *folderStore) Read(_ context.Context, name string) ([]byte, string, error) {
	b, err := os.ReadFile(s.Path(name))
	return b, "", none(err)
}

// ReadNew reads: without ETags, nobody can tell.
func (s *folderStore) ReadNew(ctx context.Context, name, _ string) ([]byte, string, error) {
	return s.Read(ctx, name)
}

// ReadAt reads a part of a file.
func (s *folderStore) ReadAt(_ context.Context, name string, b []byte, from int64) error {
	f, err := os.Open(s.Path(name))
	if err != nil {
		return none(err)
	}
	defer f.Close()
	n, err := f.ReadAt(b, from)
	if n < len(b) && err == io.EOF {
		return fmt.Errorf("%w: it ends too early", archive.ErrDamaged)
	}
	return err
}

// whole says of a read that gave n bytes that it should have filled b.
func whole(b []byte, n int, err error) error {
	switch {
	case n == len(b):
		return nil
	case err == io.EOF || err == nil:
		return io.ErrUnexpectedEOF
	}
	return err
}

// blob is an open file of a known size. What is renamed over it, or deleted,
// stays readable here.
type blob struct {
	*os.File
	size int64
}

// Size is what it had when it was opened.
func (b *blob) Size() int64 { return b.size }

// Fetch opens a file, which stays readable though it be deleted.
func (s *folderStore) Fetch(_ context.Context, name string) (archive.Blob, error) {
	f, err := os.Open(s.Path(name))
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

// Put makes the bytes durable before the name, and both before it returns.
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

// Swap puts: the lock keeps other writers out.
func (s *folderStore) Swap(ctx context.Context, name string, b []byte, _ string) (string, error) {
	return "", s.Put(ctx, name, bytes.NewReader(b))
}

// Copy gives the file a second name: files never change, so no bytes are moved.
func (s *folderStore) Copy(_ context.Context, from, to string, _ int64) error {
	return s.replace(to, func(temp string) error {
		if err := ignoreNone(os.Remove(temp)); err != nil {
			return err
		}
		return none(os.Link(s.Path(from), temp))
	})
}

// replace has a file made under another name and renames it. That name is one
// for each file, not a random one: what a crash leaves is used up by the next
// attempt.
func (s *folderStore) replace(name string, make func(temp string) error) error {
	dir, base := filepath.Split(s.Path(name))
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
	return s.Sync(filepath.Clean(dir))
}

// List names what crashes left of writing, too.
func (s *folderStore) List(ctx context.Context, prefix string, each func(Info) error) error {
	return filepath.WalkDir(s.Path(prefix), func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return errors.Join(ctx.Err(), ignoreNone(err))
		}
		info, err := e.Info()
		name, errName := s.Name(path)
		if err := errors.Join(ignoreNone(err), errName); err != nil || info == nil {
			return err
		}
		return each(Info{name, info.Size(), info.ModTime()})
	})
}

// Delete removes the folders that it leaves empty, too.
func (s *folderStore) Delete(_ context.Context, name string) error {
	path := s.Path(name)
	if err := ignoreNone(os.Remove(path)); err != nil {
		return err
	}
	_ = os.Remove(filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".new"))
	for dir := filepath.Dir(path); dir != s.Path(archive.Segments) && len(dir) > len(s.Path(archive.Root)); dir = filepath.Dir(dir) {
		if os.Remove(dir) != nil { // fails unless it is empty
			break
		}
		s.Forget()
	}
	return nil
}

// Folder is the path of a store that is a folder.
func Folder(s Store) (path string, ok bool) {
	f, ok := s.(*folderStore)
	if !ok {
		return "", false
	}
	return f.Path(""), true
}
