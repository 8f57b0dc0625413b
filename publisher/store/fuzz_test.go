package store

import (
	"bytes"
	"compress/gzip"
	"io"
	"strings"
	"testing"
)

// What is zipped comes out again, and the same bytes give the same bytes.
func FuzzZip(f *testing.F) {
	f.Add([]byte(`{"v":1}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		one, two := zip(b), zip(b)
		back, err := unzip(bytes.NewReader(one))
		if err != nil || !bytes.Equal(back, b) || !bytes.Equal(one, two) {
			t.Fatalf("%v, %q", err, back)
		}
	})
}

// Whatever a store answers: what is no gzip is as it is, gzip is what the
// usual library makes of it, and damage is an error.
func FuzzUnzip(f *testing.F) {
	f.Add(zip([]byte(`{"v":1}`)))
	f.Add(append(zip([]byte("a")), zip([]byte("b"))...))
	f.Add(zip([]byte("a"))[:12])
	f.Add([]byte("{}"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > 4096 { // which is enough for a bomb of 4 MB
			return
		}
		got, err := unzip(bytes.NewReader(b))
		if !bytes.HasPrefix(b, []byte{0x1f, 0x8b}) {
			if err != nil || !bytes.Equal(got, b) {
				t.Fatalf("%q: %q, %v", b, got, err)
			}
			return
		}
		var want []byte
		z, errWant := gzip.NewReader(bytes.NewReader(b))
		if errWant == nil {
			want, errWant = io.ReadAll(z)
		}
		if (err == nil) != (errWant == nil) || err == nil && !bytes.Equal(got, want) {
			t.Fatalf("%q: %q, %v; want %q, %v", b, got, err, want, errWant)
		}
	})
}

// A target is a folder, a bucket or refused, and a bucket's objects lie below
// its prefix.
func FuzzTarget(f *testing.F) {
	for _, s := range []string{"s3://bucket/a/b/", "file:///srv/feed", "file://srv", "s3:///x", "S3://b", "s3://b//"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, target string) {
		dir, errDir := folder(target)
		bucket, prefix, err := ParseS3(target)
		if dir != "" && errDir == nil && err == nil {
			t.Fatalf("%q is a folder and a bucket", target)
		}
		if err != nil {
			return
		}
		if bucket == "" || strings.Contains(bucket, "/") || strings.HasPrefix(prefix, "/") || prefix != "" && !strings.HasSuffix(prefix, "/") {
			t.Fatalf("%q: bucket %q, prefix %q", target, bucket, prefix)
		}
		if b, p, err := ParseS3("s3://" + bucket + "/" + prefix); err != nil || b != bucket || p != prefix {
			t.Fatalf("%q: %q %q, then %q %q, %v", target, bucket, prefix, b, p, err)
		}
	})
}
