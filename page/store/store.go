// Package store puts the built page where it is served from, with the headers
// that it needs there.
package store

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/glowmap/glow/page/bundle"
)

// Store takes the files of a page.
type Store interface {
	// Put stores a file under its name; readers see the old or the new one whole.
	Put(ctx context.Context, f bundle.File) error
}

// Open opens s3://BUCKET/PREFIX or file:///DIR.
func Open(ctx context.Context, target, endpoint string) (Store, error) {
	u, err := url.Parse(target)
	if err != nil {
		return nil, err
	}
	switch {
	case u.Scheme == "file" && u.Path != "":
		return dir(u.Path), nil
	case u.Scheme == "s3" && u.Host != "":
		return openS3(ctx, u.Host, strings.Trim(u.Path, "/"), endpoint)
	}
	return nil, fmt.Errorf("%q: want s3://BUCKET/PREFIX or file:///DIR", target)
}

// Headers are what a file is served with. A name with a hash never changes its
// content; the others must be fresh, or visitors would miss a new build.
func Headers(f bundle.File) map[string]string {
	cache := "public, max-age=60"
	if f.Immutable {
		cache = "public, max-age=31536000, immutable"
	}
	return map[string]string{
		"Content-Type": f.Type, "Cache-Control": cache,
		"X-Content-Type-Options": "nosniff", "Referrer-Policy": "strict-origin-when-cross-origin",
	}
}

func zipped(data []byte) []byte {
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression)
	_, _ = w.Write(data) // to memory: cannot fail
	_ = w.Close()
	return b.Bytes()
}

// Write answers a request, gzipped if that is understood.
func Write(w http.ResponseWriter, r *http.Request, data []byte) {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.Header().Set("Access-Control-Expose-Headers", "Date")
	w.Header().Set("Vary", "Accept-Encoding")
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		w.Header().Set("Content-Encoding", "gzip")
		data = zipped(data)
	}
	_, _ = w.Write(data) // the client may have gone
}

// dir is a web server's folder: each file beside its gzipped twin.
type dir string

func (d dir) Put(_ context.Context, f bundle.File) error {
	path := filepath.Join(string(d), f.Name)
	return errors.Join(replace(path, f.Data), replace(path+".gz", zipped(f.Data)))
}

func replace(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	tmp := path + ".new"
	if err := os.WriteFile(tmp, data, 0o644); err != nil {
		return err
	}
	return os.Rename(tmp, path)
}

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

func (b *bucket) Put(ctx context.Context, f bundle.File) error {
	h := Headers(f)
	_, err := b.client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &b.name, Key: aws.String(b.prefix + f.Name), Body: bytes.NewReader(zipped(f.Data)),
		ContentType: aws.String(h["Content-Type"]), CacheControl: aws.String(h["Cache-Control"]),
		ContentEncoding: aws.String("gzip"),
	})
	return err
}
