package store

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// Time limits of one request: a fixed part and, for what is sent or fetched, a
// part that a slow line of 100 KB/s would need.
const (
	requestTime = 10 * time.Second
	slowLine    = 100 << 10 // bytes a second
)

// defaultRegion is what stores other than AWS mostly call theirs.
const defaultRegion = "us-east-1"

// s3Store puts gzipped objects with their Content-Encoding. The SDK never
// retries: a caller decides what an open outcome means.
type s3Store struct {
	client         *s3.Client
	region, target string
	bucket, prefix string
	unconditional  atomic.Bool // the store refuses conditions altogether
}

// NewClient makes an S3 client with the standard AWS chain of credentials and
// settings. An endpoint of one's own is addressed by path.
func NewClient(ctx context.Context, o Options) (*s3.Client, string, error) {
	c, err := config.LoadDefaultConfig(ctx,
		config.WithRetryer(func() aws.Retryer { return aws.NopRetryer{} }),
		// Many compatible stores know no other checksums than those that S3 demands.
		config.WithRequestChecksumCalculation(aws.RequestChecksumCalculationWhenRequired),
		config.WithResponseChecksumValidation(aws.ResponseChecksumValidationWhenRequired))
	if err != nil {
		return nil, "", fmt.Errorf("%w: read the AWS settings: %w", ErrSettings, err)
	}
	if c.Region == "" {
		if o.Endpoint == "" {
			return nil, "", fmt.Errorf("%w: no region: set AWS_REGION to that of the bucket", ErrSettings)
		}
		c.Region = defaultRegion
	}
	return s3.NewFromConfig(c, func(so *s3.Options) {
		if o.Endpoint != "" {
			so.BaseEndpoint, so.UsePathStyle = aws.String(o.Endpoint), true
		}
	}), c.Region, nil
}

func newS3(ctx context.Context, bucket, prefix string, o Options) (*s3Store, error) {
	client, region, err := NewClient(ctx, o)
	if err != nil {
		return nil, err
	}
	return &s3Store{client: client, region: region, target: "s3://" + bucket + "/" + prefix, bucket: bucket, prefix: prefix}, nil
}

// String is the target as it was given.
func (s *s3Store) String() string { return s.target }

// Open lists, so that wrong settings show at once and in the store's own words
// (an answer to HEAD has none), and because without that right S3 answers 403
// for an object that does not exist.
func (s *s3Store) Open(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	_, err := s.client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &s.bucket, Prefix: s.key("v1/"), MaxKeys: aws.Int32(1)})
	return s.explain(err)
}

// Close has nothing to give back: S3 knows no lock.
func (s *s3Store) Close() error { return nil }

func (s *s3Store) key(name string) *string { return aws.String(s.prefix + name) }

// Get tells an object that is not there ([ErrNone]) from a bucket that is not.
func (s *s3Store) Get(ctx context.Context, name string) ([]byte, string, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*requestTime)
	defer cancel()
	r, err := s.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &s.bucket, Key: s.key(name)})
	if status(err) == http.StatusNotFound && code(err) != "NoSuchBucket" {
		return nil, "", ErrNone
	}
	if err != nil {
		return nil, "", s.explain(err)
	}
	defer r.Body.Close()
	b, err := unzip(r.Body)
	return b, aws.ToString(r.ETag), err
}

// Head is the ETag of an object, or [ErrNone].
func (s *s3Store) Head(ctx context.Context, name string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	r, err := s.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &s.bucket, Key: s.key(name)})
	if status(err) == http.StatusNotFound {
		return "", ErrNone
	}
	if err != nil {
		return "", s.explain(err)
	}
	return aws.ToString(r.ETag), nil
}

// Put takes longer for larger objects: slow lines are no outage.
func (s *s3Store) Put(ctx context.Context, o Object, etag string) (string, error) {
	body := zip(o.JSON)
	ctx, cancel := context.WithTimeout(ctx, requestTime+time.Duration(len(body))*time.Second/slowLine)
	defer cancel()
	in := &s3.PutObjectInput{
		Bucket: &s.bucket, Key: s.key(o.Name), Body: bytes.NewReader(body),
		ContentType: aws.String("application/json"), ContentEncoding: aws.String("gzip"),
		CacheControl: aws.String(o.CacheControl),
	}
	if !s.unconditional.Load() {
		in.IfMatch, in.IfNoneMatch = condition(etag)
	}
	r, err := s.client.PutObject(ctx, in)
	switch {
	case err == nil:
		return aws.ToString(r.ETag), nil
	case Conflict(err, etag):
		return "", ErrConflict
	case status(err) == http.StatusNotImplemented && s.unconditional.CompareAndSwap(false, true):
		return s.Put(ctx, o, etag)
	}
	return "", s.explain(err)
}

func condition(etag string) (match, noneMatch *string) {
	if etag == "" {
		return nil, aws.String("*")
	}
	return &etag, nil
}

// Conflict says whether a PUT was refused because of its condition, an ETag or
// "" for no object: 412, 409 where another PUT is under way, 404 where the object
// to match is gone.
func Conflict(err error, etag string) bool {
	switch status(err) {
	case http.StatusPreconditionFailed, http.StatusConflict:
		return true
	case http.StatusNotFound:
		return etag != "" && code(err) != "NoSuchBucket"
	}
	return false
}

// List goes on from page to page.
func (s *s3Store) List(ctx context.Context, prefix string, each func(string) error) error {
	pages := s3.NewListObjectsV2Paginator(s.client, &s3.ListObjectsV2Input{Bucket: &s.bucket, Prefix: s.key(prefix)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return s.explain(err)
		}
		for _, o := range page.Contents {
			name, ours := strings.CutPrefix(aws.ToString(o.Key), s.prefix)
			if !ours { // a store that answers another question
				continue
			}
			if err := each(name); err != nil {
				return err
			}
		}
	}
	return nil
}

// Delete is content with what is not there, as S3 is.
func (s *s3Store) Delete(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, requestTime)
	defer cancel()
	_, err := s.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &s.bucket, Key: s.key(name)})
	return s.explain(err)
}

// Expire does nothing: "publisher setup" gave the bucket a rule for it.
func (s *s3Store) Expire(context.Context, time.Time) error { return nil }

// never is an ETag that no object has.
const never = `"00000000000000000000000000000000"`

// Honours puts the object as it is, on a condition that cannot hold.
func (s *s3Store) Honours(ctx context.Context, o Object) (bool, error) {
	switch _, err := s.Put(ctx, o, never); {
	case err == nil:
		return false, nil
	case err == ErrConflict:
		return true, nil
	default:
		return false, err
	}
}
