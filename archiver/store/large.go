package store

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// S3 takes 5 GiB in one request, put or copied. What is larger goes in parts,
// which nobody sees before the last request joins them; what a crash leaves of
// them is invisible, and goes by a lifecycle rule of the bucket
// (AbortIncompleteMultipartUpload).
const (
	mostAtOnce = 4 << 30
	partSize   = 512 << 20 // times 10,000 parts, the most that S3 takes: 5 TB
)

// part sends bytes from..from+size as the nth part, and returns its ETag.
type part func(ctx context.Context, upload *string, n int32, from, size int64) (etag *string, err error)

// inParts makes an object of parts.
func (s *s3Store) inParts(ctx context.Context, name string, size int64, send part) error {
	begun, err := s.client.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{
		Bucket: &s.bucket, Key: s.key(name), ContentType: aws.String(parquetType),
	})
	if err != nil {
		return s.explain(err)
	}
	var parts []types.CompletedPart
	for from := int64(0); from < size && err == nil; from += s.part {
		n := int32(len(parts) + 1)
		var etag *string
		if etag, err = s.inTime(ctx, begun.UploadId, n, from, min(s.part, size-from), send); err == nil {
			parts = append(parts, types.CompletedPart{ETag: etag, PartNumber: &n})
		}
	}
	if err == nil {
		_, err = s.client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
			Bucket: &s.bucket, Key: s.key(name), UploadId: begun.UploadId, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts},
		})
	}
	if err == nil {
		return nil
	}
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), requestTime)
	defer cancel()
	_, _ = s.client.AbortMultipartUpload(late, &s3.AbortMultipartUploadInput{Bucket: &s.bucket, Key: s.key(name), UploadId: begun.UploadId})
	if missing(err) {
		return ErrNone
	}
	return s.explain(err)
}

func (s *s3Store) inTime(ctx context.Context, upload *string, n int32, from, size int64, send part) (*string, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTime+time.Duration(size)*time.Second/slowLine)
	defer cancel()
	return send(ctx, upload, n, from, size)
}

// putParts puts a large file.
func (s *s3Store) putParts(ctx context.Context, name string, body io.ReaderAt, size int64) error {
	return s.inParts(ctx, name, size, func(ctx context.Context, upload *string, n int32, from, size int64) (*string, error) {
		r, err := s.client.UploadPart(ctx, &s3.UploadPartInput{
			Bucket: &s.bucket, Key: s.key(name), UploadId: upload, PartNumber: &n, Body: io.NewSectionReader(body, from, size),
		})
		if err != nil {
			return nil, err
		}
		return r.ETag, nil
	})
}

// copyParts copies a large object.
func (s *s3Store) copyParts(ctx context.Context, from, to string, size int64) error {
	return s.inParts(ctx, to, size, func(ctx context.Context, upload *string, n int32, at, size int64) (*string, error) {
		r, err := s.client.UploadPartCopy(ctx, &s3.UploadPartCopyInput{
			Bucket: &s.bucket, Key: s.key(to), UploadId: upload, PartNumber: &n,
			CopySource: s.source(from), CopySourceRange: aws.String(fmt.Sprintf("bytes=%d-%d", at, at+size-1)),
		})
		if err != nil {
			return nil, err
		}
		return r.CopyPartResult.ETag, nil
	})
}
