// Package store is where the feed goes: a folder of a web server (file.go) or
// a bucket of an S3-compatible store (s3.go).
package store

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// Errors that callers act on.
var (
	// ErrNone says that there is no such object.
	ErrNone = errors.New("no such object")
	// ErrConflict says that the object is not, or no longer, the one that a
	// conditional PUT was to replace: look at it and at the bucket again.
	ErrConflict = errors.New("the object has changed meanwhile")
	// ErrLocked says that another publisher has the folder.
	ErrLocked = errors.New("another publisher writes to this folder")
	// ErrSettings is wrapped by errors that no waiting mends, such as wrong
	// credentials or a bucket that does not exist.
	ErrSettings = errors.New("the target cannot be used")
	// ErrDenied is an ErrSettings, too. Whoever may not list a bucket gets it
	// also for what is not there.
	ErrDenied = fmt.Errorf("%w", ErrSettings)
)

// Object is one file of the feed to be put.
type Object struct {
	Name         string // below the target's prefix, as in "v1/latest.json"
	JSON         []byte
	CacheControl string
}

// Store is a target. Its methods may be called concurrently, but Put not for
// two objects of one name.
type Store interface {
	// Open makes sure that the target can be used and keeps others out where
	// that is possible: ErrLocked where another is in. Close undoes it.
	Open(ctx context.Context) error
	// Get returns an object's JSON and its ETag, which is "" where the store
	// has none; ErrNone.
	Get(ctx context.Context, name string) (json []byte, etag string, err error)
	// Head returns an object's ETag only; ErrNone.
	Head(ctx context.Context, name string) (etag string, err error)
	// Put writes an object, whole or not at all, and returns its new ETag.
	// Where the store can, only over the object with the ETag given, or over
	// none for "": ErrConflict. After any other error it is open whether the
	// object was written, and even whether it will be.
	Put(ctx context.Context, o Object, etag string) (newETag string, err error)
	// List calls each with the names of all objects whose name begins so.
	List(ctx context.Context, prefix string, each func(name string) error) error
	// Delete deletes an object; none to delete is no error.
	Delete(ctx context.Context, name string) error
	// Expire deletes 10s snapshots of days that began more than three days before
	// now, where the store has no rule that does it.
	Expire(ctx context.Context, now time.Time) error
	// Honours tries whether the store keeps to conditional PUTs, with an
	// object that exists, which is left as it is. Always true where nobody
	// else can write.
	Honours(ctx context.Context, o Object) (bool, error)
	Close() error
}

// Options are the settings of an S3-compatible store.
type Options struct {
	Endpoint string // its URL; empty for AWS
}

// CheckEndpoint says what is wrong with the URL of a store; "" is right.
func CheckEndpoint(endpoint string) error {
	u, err := url.Parse(endpoint)
	if endpoint != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "") {
		return fmt.Errorf("%q: want http://HOST:PORT or https://HOST", endpoint)
	}
	return nil
}

// New makes the store of a target, file:///DIR or s3://BUCKET/PREFIX, without
// touching it yet.
func New(ctx context.Context, target string, o Options) (Store, error) {
	if dir, err := folder(target); dir != "" || err != nil {
		return newFolder(dir), err
	}
	bucket, prefix, err := ParseS3(target)
	if err != nil {
		return nil, err
	}
	return newS3(ctx, bucket, prefix, o)
}

func folder(target string) (string, error) {
	u, err := url.Parse(target)
	if err != nil || u.Scheme != "file" {
		return "", nil
	}
	if u.Host != "" || u.Path == "" {
		return "", fmt.Errorf("%q: want three slashes, file:///DIR", target)
	}
	return u.Path, nil
}

// ParseS3 takes s3://BUCKET/PREFIX apart. The prefix is empty or ends in "/".
func ParseS3(target string) (bucket, prefix string, err error) {
	rest, ok := strings.CutPrefix(target, "s3://")
	bucket, prefix, _ = strings.Cut(rest, "/")
	if !ok || bucket == "" {
		return "", "", fmt.Errorf("%q: want s3://BUCKET/PREFIX or file:///DIR", target)
	}
	if prefix = strings.Trim(prefix, "/"); prefix != "" {
		prefix += "/"
	}
	return bucket, prefix, nil
}
