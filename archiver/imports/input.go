package imports

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	feed "github.com/glowmap/glow/publisher/store"
)

// Input is a file or an object that may be imported.
type Input struct {
	Name  string
	Bytes int64 // as it lies there, perhaps compressed
	raw   func(ctx context.Context) (io.ReadCloser, error)
}

// Find lists what the arguments name: files, all files in folders and below
// them but hidden ones, and s3://BUCKET/PREFIX.
func Find(ctx context.Context, args []string, o feed.Options) ([]Input, error) {
	var list []Input
	for _, arg := range args {
		var found []Input
		var err error
		if strings.HasPrefix(arg, "s3://") {
			found, err = findObjects(ctx, arg, o)
		} else {
			found, err = findFiles(arg)
		}
		if err == nil && len(found) == 0 {
			err = fmt.Errorf("nothing to import in %s", arg)
		}
		if err != nil {
			return nil, err
		}
		list = append(list, found...)
	}
	return list, nil
}

func findFiles(root string) ([]Input, error) {
	root, err := filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	var list []Input
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if path != root && strings.HasPrefix(d.Name(), ".") {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		if info.Mode().IsRegular() {
			list = append(list, Input{Name: path, Bytes: info.Size(), raw: openFile(path)})
		} else if path == root && !info.IsDir() {
			return fmt.Errorf("%s is neither a file nor a folder", path)
		}
		return nil
	})
	return list, err
}

func openFile(path string) func(context.Context) (io.ReadCloser, error) {
	return func(context.Context) (io.ReadCloser, error) { return os.Open(path) }
}

func findObjects(ctx context.Context, target string, o feed.Options) ([]Input, error) {
	// ParseS3 makes a folder of the prefix, which may be that of names here.
	bucket, _, err := feed.ParseS3(target)
	if err != nil {
		return nil, err
	}
	prefix := strings.TrimPrefix(strings.TrimPrefix(target, "s3://"+bucket), "/")
	client, region, err := feed.NewClient(ctx, o)
	if err != nil {
		return nil, err
	}
	var list []Input
	pages := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("list %s: %w", target, feed.Explain(err, bucket, region))
		}
		for _, object := range page.Contents {
			if key := aws.ToString(object.Key); !strings.HasSuffix(key, "/") {
				list = append(list, Input{Name: "s3://" + bucket + "/" + key, Bytes: aws.ToInt64(object.Size), raw: openObject(client, bucket, key)})
			}
		}
	}
	return list, nil
}

func openObject(client *s3.Client, bucket, key string) func(context.Context) (io.ReadCloser, error) {
	return func(ctx context.Context) (io.ReadCloser, error) {
		r, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: &bucket, Key: &key})
		if err != nil {
			return nil, err
		}
		return r.Body, nil
	}
}

// content is the uncompressed content of an input.
type content struct {
	io.Reader
	closers []func() error
}

// Close closes what it reads from.
func (c *content) Close() error {
	var errs []error
	for _, f := range c.closers {
		errs = append(errs, f())
	}
	return errors.Join(errs...)
}

// open opens an input's content. What is compressed is known by its first bytes.
func (in Input) open(ctx context.Context) (*content, error) {
	raw, err := in.raw(ctx)
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", in.Name, err)
	}
	c := &content{closers: []func() error{raw.Close}}
	b := bufio.NewReaderSize(raw, 64<<10)
	c.Reader = b
	first, _ := b.Peek(4)
	switch {
	case bytes.HasPrefix(first, []byte{0x1f, 0x8b}):
		var z *gzip.Reader
		if z, err = gzip.NewReader(b); err == nil {
			c.Reader, c.closers = z, append(c.closers, z.Close)
		}
	case bytes.HasPrefix(first, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		var z *zstd.Decoder
		if z, err = zstd.NewReader(b, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(64<<20)); err == nil {
			c.Reader, c.closers = z, append(c.closers, func() error { z.Close(); return nil })
		}
	}
	if err != nil {
		raw.Close()
		return nil, fmt.Errorf("unpack %s: %w", in.Name, err)
	}
	return c, nil
}
