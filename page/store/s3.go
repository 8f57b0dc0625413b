package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/glowmap/glow/page/bundle"
)

// bucket is a folder of an S3 bucket.
type bucket struct {
	client *s3.Client
	name   string
	prefix string
}

func openS3(ctx context.Context, name, prefix, endpoint string) (Store, error) {
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("load AWS settings: %w", err)
	}
	if cfg.Region == "" {
		cfg.Region = "us-east-1"
	}
	client := s3.NewFromConfig(cfg, func(o *s3.Options) {
		if endpoint != "" {
			o.BaseEndpoint, o.UsePathStyle = aws.String(endpoint), true
		}
	})
	if prefix != "" {
		prefix += "/"
	}
	return &bucket{client, name, prefix}, nil
}

// Put sends a file gzipped, with the headers that browsers need.
func (b *bucket) Put(ctx context.Context, f bundle.File) error {
	h := Headers(f)
	_, err := b.client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &b.name, Key: aws.String(b.prefix + f.Name), Body: bytes.NewReader(zipped(f.Data)),
		ContentType: aws.String(h["Content-Type"]), CacheControl: aws.String(h["Cache-Control"]),
		ContentEncoding: aws.String("gzip"),
	})
	return b.explain(err)
}

// List stays within the prefix, and out of the folders below it: the feed may lie there.
func (b *bucket) List(ctx context.Context) ([]Object, error) {
	pages := s3.NewListObjectsV2Paginator(b.client, &s3.ListObjectsV2Input{Bucket: &b.name, Prefix: &b.prefix, Delimiter: aws.String("/")})
	var out []Object
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, b.explain(err)
		}
		for _, o := range page.Contents {
			out = append(out, Object{strings.TrimPrefix(aws.ToString(o.Key), b.prefix), aws.ToTime(o.LastModified)})
		}
	}
	return out, nil
}

// Delete is content with an object that is not there, as S3 is.
func (b *bucket) Delete(ctx context.Context, name string) error {
	_, err := b.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &b.name, Key: aws.String(b.prefix + name)})
	return b.explain(err)
}

// explain says what to do about an error that settings cause.
func (b *bucket) explain(err error) error {
	if err == nil {
		return nil
	}
	if why := b.reason(err); why != "" {
		return fmt.Errorf("%s: %w", why, err)
	}
	return err
}

func (b *bucket) reason(err error) string {
	var api smithy.APIError
	var answer *smithyhttp.ResponseError
	code, status := "", 0
	if errors.As(err, &api) {
		code = api.ErrorCode()
	}
	if errors.As(err, &answer) {
		status = answer.HTTPStatusCode()
	}
	switch {
	case code == "NoSuchBucket":
		return fmt.Sprintf("there is no bucket %q: create it, or check --target", b.name)
	case code == "InvalidAccessKeyId", code == "SignatureDoesNotMatch", code == "ExpiredToken", code == "XAdminUserNotFound": // the last is versitygw's
		return "the store does not accept the credentials: check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
	case status == http.StatusForbidden:
		return fmt.Sprintf("these credentials may not write to bucket %q: they need s3:PutObject and, to prune, s3:ListBucket and s3:DeleteObject", b.name)
	case status == http.StatusMovedPermanently || status == http.StatusTemporaryRedirect:
		return fmt.Sprintf("bucket %q is in another region: set AWS_REGION", b.name)
	case status == 0 && strings.Contains(err.Error(), "get credentials"):
		return "no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
	}
	return ""
}
