package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/glowmap/glow/archiver/archive"
	feed "github.com/glowmap/glow/publisher/store"
)

// Time limits of one request: a fixed part and, for what is sent or fetched, a
// part that a slow line of 100 KB/s would need.
const (
	requestTime = 10 * time.Second
	slowLine    = 100 << 10 // bytes a second
)

// s3Store keeps each object as it is. The SDK never retries: a caller decides
// what an open outcome means.
type s3Store struct {
	client         *s3.Client
	region, target string
	bucket, prefix string
	unconditional  atomic.Bool // the store refuses conditions altogether
	most, part     int64       // bytes of one request, and of each part of what is larger
}

func newS3(ctx context.Context, bucket, prefix string, o Options) (*s3Store, error) {
	client, region, err := feed.NewClient(ctx, o)
	if err != nil {
		return nil, err
	}
	return &s3Store{client: client, region: region, target: "s3://" + bucket + "/" + prefix, bucket: bucket, prefix: prefix, most: mostAtOnce, part: partSize}, nil
}

// String is the target.
func (s *s3Store) String() string { return s.target }

// Open lists, so that wrong settings show at once and in the store's own words.
func (s *s3Store) Open(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	_, err := s.client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &s.bucket, Prefix: s.key(archive.Root), MaxKeys: aws.Int32(1)})
	return s.explain(err)
}

// Close has nothing to undo.
func (s *s3Store) Close() error { return nil }

func (s *s3Store) key(name string) *string { return aws.String(s.prefix + name) }

func (s *s3Store) explain(err error) error { return feed.Explain(err, s.bucket, s.region) }

// missing says whether an answer means that there is no such object.
func missing(err error) bool {
	return feed.Status(err) == http.StatusNotFound && feed.Code(err) != "NoSuchBucket"
}

// mostSmall is the largest object that Read reads.
const mostSmall = 64 << 20

// Read reads a small object whole.
func (s *s3Store) Read(ctx context.Context, name string) ([]byte, string, error) {
	return s.ReadNew(ctx, name, "")
}

// ReadNew has the store send nothing if the object is the same: who looks every
// few seconds at a manifest of megabytes pays for a line.
func (s *s3Store) ReadNew(ctx context.Context, name, etag string) ([]byte, string, error) {
	ctx, cancel := context.WithTimeout(ctx, 6*requestTime)
	defer cancel()
	in := &s3.GetObjectInput{}
	if etag != "" {
		in.IfNoneMatch = &etag
	}
	r, err := s.get(ctx, name, in)
	if feed.Status(err) == http.StatusNotModified {
		return nil, etag, archive.ErrSame
	}
	if err != nil {
		return nil, "", err
	}
	defer r.Body.Close()
	b, err := io.ReadAll(io.LimitReader(r.Body, mostSmall))
	return b, aws.ToString(r.ETag), err
}

// ReadAt asks for a range. An object that ends before it does so whenever it is
// asked: [archive.ErrDamaged]. A body that ends early may be whole next time.
func (s *s3Store) ReadAt(ctx context.Context, name string, b []byte, from int64) error {
	ctx, cancel := context.WithTimeout(ctx, requestTime+time.Duration(len(b))*time.Second/slowLine)
	defer cancel()
	r, err := s.get(ctx, name, &s3.GetObjectInput{Range: aws.String(fmt.Sprintf("bytes=%d-%d", from, from+int64(len(b))-1))})
	if feed.Status(err) == http.StatusRequestedRangeNotSatisfiable {
		return fmt.Errorf("%w: it ends too early: %w", archive.ErrDamaged, err)
	}
	if err != nil {
		return err
	}
	defer r.Body.Close()
	if from > 0 && r.ContentRange == nil {
		return errors.New("s3: the store sends whole objects when asked for a range")
	}
	if size, ok := sizeOf(r); ok && size < from+int64(len(b)) {
		return fmt.Errorf("%w: it ends too early, after %d bytes", archive.ErrDamaged, size)
	}
	n, err := io.ReadFull(r.Body, b)
	return whole(b, n, err)
}

// sizeOf is how large the whole object is, where the answer says so.
func sizeOf(r *s3.GetObjectOutput) (size int64, ok bool) {
	if r.ContentRange == nil { // the store has sent all of it
		return aws.ToInt64(r.ContentLength), r.ContentLength != nil
	}
	_, total, _ := strings.Cut(*r.ContentRange, "/")
	size, err := strconv.ParseInt(total, 10, 64)
	return size, err == nil
}

func (s *s3Store) get(ctx context.Context, name string, in *s3.GetObjectInput) (*s3.GetObjectOutput, error) {
	in.Bucket, in.Key = &s.bucket, s.key(name)
	r, err := s.client.GetObject(ctx, in)
	if missing(err) {
		return nil, ErrNone
	}
	return r, s.explain(err)
}

// Fetch copies the object into a file that has no name any more: what is read
// of it stays the same, and memory small, whatever its size.
func (s *s3Store) Fetch(ctx context.Context, name string) (archive.Blob, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	late := time.AfterFunc(3*requestTime, cancel)
	defer late.Stop()
	r, err := s.get(ctx, name, &s3.GetObjectInput{})
	if err != nil {
		return nil, err
	}
	defer r.Body.Close()
	late.Reset(requestTime + time.Duration(aws.ToInt64(r.ContentLength))*time.Second/slowLine)
	f, err := os.CreateTemp("", "glow-archive-")
	if err != nil {
		return nil, err
	}
	if err := errors.Join(os.Remove(f.Name()), copyAll(f, r)); err != nil {
		f.Close()
		return nil, err
	}
	return sized(f)
}

func copyAll(f *os.File, r *s3.GetObjectOutput) error {
	n, err := io.Copy(f, r.Body)
	if err == nil && r.ContentLength != nil && n != *r.ContentLength {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// Put puts in one request, or in parts what is larger than one may be. After an
// error it is open whether the object was written.
func (s *s3Store) Put(ctx context.Context, name string, body io.ReadSeeker) error {
	size, err := body.Seek(0, io.SeekEnd)
	if err == nil {
		_, err = body.Seek(0, io.SeekStart)
	}
	if err != nil {
		return err
	}
	if at, ok := body.(io.ReaderAt); ok && size > s.most {
		return s.putParts(ctx, name, at, size)
	}
	ctx, cancel := context.WithTimeout(ctx, requestTime+time.Duration(size)*time.Second/slowLine)
	defer cancel()
	_, err = s.client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &s.bucket, Key: s.key(name), Body: body, ContentType: aws.String(parquetType),
	})
	return s.explain(err)
}

const parquetType = "application/vnd.apache.parquet"

// source is the name of an object that is copied.
func (s *s3Store) source(name string) *string {
	return aws.String((&url.URL{Path: s.bucket + "/" + s.prefix + name}).EscapedPath())
}

// Copy has the store copy: no bytes come here.
func (s *s3Store) Copy(ctx context.Context, from, to string, size int64) error {
	if size > s.most {
		return s.copyParts(ctx, from, to, size)
	}
	ctx, cancel := context.WithTimeout(ctx, 30*requestTime)
	defer cancel()
	_, err := s.client.CopyObject(ctx, &s3.CopyObjectInput{Bucket: &s.bucket, Key: s.key(to), CopySource: s.source(from)})
	if missing(err) {
		return ErrNone
	}
	return s.explain(err)
}

// Swap puts on a condition, without one where the store knows none.
func (s *s3Store) Swap(ctx context.Context, name string, b []byte, etag string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTime+time.Duration(len(b))*time.Second/slowLine)
	defer cancel()
	in := &s3.PutObjectInput{
		Bucket: &s.bucket, Key: s.key(name), Body: bytes.NewReader(b), ContentType: aws.String("application/json"),
		CacheControl: aws.String("no-cache"),
	}
	if !s.unconditional.Load() {
		if etag == "" {
			in.IfNoneMatch = aws.String("*")
		} else {
			in.IfMatch = &etag
		}
	}
	r, err := s.client.PutObject(ctx, in)
	switch {
	case err == nil:
		return aws.ToString(r.ETag), nil
	case feed.Conflict(err, etag):
		return "", ErrConflict
	case feed.Status(err) == http.StatusNotImplemented && s.unconditional.CompareAndSwap(false, true):
		return s.Swap(ctx, name, b, etag)
	}
	return "", s.explain(err)
}

// List asks for page after page, of a thousand objects each.
func (s *s3Store) List(ctx context.Context, prefix string, each func(Info) error) error {
	pages := s3.NewListObjectsV2Paginator(s.client, &s3.ListObjectsV2Input{Bucket: &s.bucket, Prefix: s.key(prefix)})
	for pages.HasMorePages() {
		page, err := s.page(ctx, pages)
		if err != nil {
			return err
		}
		for _, o := range page.Contents {
			info := Info{Bytes: aws.ToInt64(o.Size), Modified: aws.ToTime(o.LastModified)}
			key := aws.ToString(o.Key)
			if len(key) <= len(s.prefix) || key[:len(s.prefix)] != s.prefix { // a store that answers another question
				continue
			}
			info.Name = key[len(s.prefix):]
			if err := each(info); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *s3Store) page(ctx context.Context, pages *s3.ListObjectsV2Paginator) (*s3.ListObjectsV2Output, error) {
	ctx, cancel := context.WithTimeout(ctx, 3*requestTime)
	defer cancel()
	page, err := pages.NextPage(ctx)
	return page, s.explain(err)
}

// Delete deletes in one request.
func (s *s3Store) Delete(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	_, err := s.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &s.bucket, Key: s.key(name)})
	if missing(err) {
		return nil
	}
	return s.explain(err)
}
