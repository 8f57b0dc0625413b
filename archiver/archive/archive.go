package archive

import (
	"context"
	"errors"
	"fmt"
)

// Errors of a source that callers act on.
var (
	// ErrNone says that there is no such object.
	ErrNone = errors.New("no such object")
	// ErrSame says that an object is still the one that was read before.
	ErrSame = errors.New("the object is the same as before")
	// ErrDamaged says that an object is not what a manifest says of it, however
	// often it is read.
	ErrDamaged = errors.New("the file is damaged")
)

// Source is where the files of an archive are read from.
type Source interface {
	// Read returns a small object and its ETag, "" where there is none; [ErrNone].
	Read(ctx context.Context, name string) (b []byte, etag string, err error)
	// ReadNew is Read of an object that had an ETag when it was read before:
	// [ErrSame] if it still has, where the source can tell.
	ReadNew(ctx context.Context, name, etag string) (b []byte, newETag string, err error)
	// ReadAt fills b with the bytes of an object from an offset on, all of it or
	// an error; [ErrNone].
	ReadAt(ctx context.Context, name string, b []byte, from int64) error
	// Fetch opens an object of any size; [ErrNone].
	Fetch(ctx context.Context, name string) (Blob, error)
}

// Archive is an archive as it stood when it was opened.
type Archive struct {
	Manifest
	source Source
}

// Open reads the manifest; [ErrNone] where there is no archive yet.
func Open(ctx context.Context, s Source) (*Archive, error) {
	b, _, err := s.Read(ctx, ManifestName)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", ManifestName, err)
	}
	m, err := DecodeManifest(b)
	if err != nil {
		return nil, err
	}
	return &Archive{*m, s}, nil
}

// Select returns the files that may hold any of the wanted rows, by name.
func (a *Archive) Select(f Filter) []File {
	var files []File
	for _, file := range a.Files {
		if file.Wanted(&f) {
			files = append(files, file)
		}
	}
	return files
}

// Rows calls each with every wanted row once, file by file. The row is each's
// only until it returns; its strings are for keeps. A file that is gone means
// that the archive was compacted since and that the time for which its inputs
// are kept is over: open it again.
func (a *Archive) Rows(ctx context.Context, f Filter, each func(*Row) error) error {
	for _, file := range a.Select(f) {
		if err := a.RowsOf(ctx, file, f, each); err != nil {
			return err
		}
	}
	return nil
}

// RowsOf is [Archive.Rows] of one file.
func (a *Archive) RowsOf(ctx context.Context, file File, f Filter, each func(*Row) error) error {
	return ReadFile(ctx, a.source, file, f, each)
}

// ReadFile calls each with every wanted row of a file as a manifest has it.
func ReadFile(ctx context.Context, s Source, file File, f Filter, each func(*Row) error) (err error) {
	b, err := s.Fetch(ctx, file.Name)
	if err != nil {
		return fmt.Errorf("read %s: %w", file.Name, err)
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	if err := readWhole(ctx, b, file, f, each); err != nil {
		return fmt.Errorf("read %s: %w", file.Name, err)
	}
	return nil
}

func readWhole(ctx context.Context, b Blob, file File, f Filter, each func(*Row) error) error {
	p, err := open(b)
	if err != nil {
		return err
	}
	if n := uint64(p.NumRows()); n != file.Rows() {
		return fmt.Errorf("%d rows, the manifest says %d", n, file.Rows())
	}
	n := 0
	return readFile(p, &f, func(r *Row) error {
		if n++; n%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		return each(r)
	})
}
