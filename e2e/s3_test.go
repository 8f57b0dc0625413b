package e2e

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/glowmap/glow/e2e/harness"
	"github.com/glowmap/glow/internal/s3test"
)

// toS3 lets a system publish to a real S3 server, and returns how to read the
// feed back over HTTP, where each object is gzipped and says how long to keep
// it, and the folder that holds it.
func toS3(t *testing.T, g *harness.Glow) (read func() harness.Feed, root string) {
	t.Helper()
	server := s3test.Start(t)
	return toS3Server(t, g, server, server.URL())
}

// toS3Server is toS3 to a given server by way of a given URL.
func toS3Server(t *testing.T, g *harness.Glow, server *s3test.Server, url string) (read func() harness.Feed, root string) {
	t.Helper()
	server.Bucket("feed")
	g.Target, g.Env = "s3://feed/some/prefix", s3test.Env()
	g.Args["publisher"] = []string{"--s3-endpoint", url}
	client := s3.New(s3.Options{
		BaseEndpoint: aws.String(server.URL()), UsePathStyle: true, Region: s3test.Region,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: s3test.AccessKey, SecretAccessKey: s3test.SecretKey}, nil
		}),
	})
	root = filepath.Join(server.Path("feed"), "some/prefix")
	return func() harness.Feed {
		t.Helper()
		feed := harness.Feed{}
		err := filepath.WalkDir(filepath.Join(root, "v1"), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			name, _ := filepath.Rel(root, path)
			feed[strings.TrimPrefix(name, "v1/")] = get(t, client, "some/prefix/"+name)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return feed
	}, root
}

func get(t *testing.T, client *s3.Client, key string) []byte {
	t.Helper()
	o, err := client.GetObject(context.Background(), &s3.GetObjectInput{Bucket: aws.String("feed"), Key: &key})
	if err != nil {
		t.Fatal(err)
	}
	defer o.Body.Close()
	packed, err := io.ReadAll(o.Body)
	if err != nil {
		t.Fatal(err)
	}
	if aws.ToString(o.ContentEncoding) != "gzip" || !strings.HasPrefix(aws.ToString(o.ContentType), "application/json") {
		t.Errorf("%s: encoding %q, type %q", key, aws.ToString(o.ContentEncoding), aws.ToString(o.ContentType))
	}
	if got := aws.ToString(o.CacheControl); !strings.Contains(got, cacheControl(key)) && !(got == "max-age=5" && ofLate(key)) {
		t.Errorf("%s: Cache-Control %q, want %q", key, got, cacheControl(key))
	}
	plain, err := harness.Gunzip(packed)
	if err != nil || bytes.Equal(packed, plain) {
		t.Fatalf("%s: %v", key, err)
	}
	return plain
}

// cacheControl is what an object of a log from long ago must say.
func cacheControl(key string) string {
	switch name := key[strings.LastIndex(key, "/v1/")+4:]; name {
	case "latest.json":
		return "public, max-age=2, s-maxage=2, stale-if-error=86400"
	case "names.json":
		return "max-age=300"
	case "all.json":
		return "max-age=10"
	}
	return "max-age=3600"
}

// ofLate says whether a period may have ended less than ten minutes before its
// object was put.
func ofLate(key string) bool {
	now := time.Now().UTC()
	return strings.Contains(key, now.Format("/2006/01/")) || strings.Contains(key, now.Add(-time.Hour).Format("/2006/01/"))
}

// A store that is slow, refuses, and loses the answers to what it did, and that
// is killed now and then, while the log flows: every object ends right.
func TestUnreliableStore(t *testing.T) {
	t.Parallel()
	r := harness.Rand(t)
	g := harness.New(t)
	server := s3test.Start(t)
	proxy := harness.NewProxy(t, r, server.URL(), harness.Weather{Delay: 800 * time.Millisecond, Refuse: 0.03, Lose: 0.03})
	read, _ := toS3Server(t, g, server, proxy.URL())
	g.Args["publisher"] = append(g.Args["publisher"], "--every", "200ms")
	// Each minute is counted for half a second, and put about that long: what
	// is counted meanwhile must not be taken for published. All of it is too
	// old for a 10s.
	f := &flow{g: g, r: r, lines: harness.Size(t, "GLOW_E2E_LINES", 60000), age: 4 * time.Hour, span: 24 * time.Minute, sorted: true}
	f.start(t, 12*time.Second)
	every(r, 2, 2*time.Second, func(i int) {
		if i == 0 {
			server.Kill()
			server.Start()
		} else {
			f.units[3].Kill()
		}
	})
	f.wait(t)
	for _, u := range f.units {
		u.Stop()
	}
	t.Log(proxy.Faults())
	proxy.Set(harness.Weather{})
	g.Once("publisher")
	read().Compare(t, f.oracle)
}
