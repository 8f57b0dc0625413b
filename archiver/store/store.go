// Package store is where an archive lies: a folder (file.go) or a bucket of an
// S3-compatible store (s3.go). Unlike the publisher's, which puts JSON for
// browsers, it keeps files of any size as they are.
package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"time"

	"github.com/glowmap/glow/archiver/archive"
	feed "github.com/glowmap/glow/publisher/store"
)

// Errors that callers act on.
var (
	ErrNone = archive.ErrNone
	// ErrConflict says that the object is not the one that was to be replaced.
	ErrConflict = feed.ErrConflict
	// ErrLocked says that another archiver has the folder.
	ErrLocked = errors.New("another archiver writes to this folder")
	// ErrSettings is wrapped by errors that no waiting mends.
	ErrSettings = feed.ErrSettings
)

// Info is what a listing says of an object.
type Info struct {
	Name     string
	Bytes    int64
	Modified time.Time // by the store's clock
}

// Store is a target. Reading needs no Open.
type Store interface {
	archive.Source
	// Open makes sure that the target can be used and keeps other writers out
	// where that is possible: ErrLocked where another is in. Close undoes it.
	Open(ctx context.Context) error
	Close() error
	// Put writes an object, whole or not at all, over what may be there. What may
	// be of any size must be an io.ReaderAt, too.
	Put(ctx context.Context, name string, body io.ReadSeeker) error
	// Copy makes to the same as from, which has so many bytes, whole or not at all;
	// ErrNone.
	Copy(ctx context.Context, from, to string, size int64) error
	// Swap writes a small object over the one with the ETag given, or over none
	// for "", where the store can keep to that: ErrConflict. It returns the new one.
	Swap(ctx context.Context, name string, b []byte, etag string) (newETag string, err error)
	// List calls each with every object whose name begins so.
	List(ctx context.Context, prefix string, each func(Info) error) error
	// Delete deletes an object; none to delete is no error.
	Delete(ctx context.Context, name string) error
}

// Options are the settings of an S3-compatible store.
type Options = feed.Options

// CheckEndpoint says what is wrong with the URL of a store; "" is right.
func CheckEndpoint(endpoint string) error { return feed.CheckEndpoint(endpoint) }

// New makes the store of a target, file:///DIR or s3://BUCKET/PREFIX, without
// touching it yet.
func New(ctx context.Context, target string, o Options) (Store, error) {
	if u, err := url.Parse(target); err == nil && u.Scheme == "file" {
		if u.Host != "" || u.Path == "" {
			return nil, fmt.Errorf("%q: want three slashes, file:///DIR", target)
		}
		return newFolder(u.Path), nil
	}
	bucket, prefix, err := feed.ParseS3(target)
	if err != nil {
		return nil, err
	}
	return newS3(ctx, bucket, prefix, o)
}
