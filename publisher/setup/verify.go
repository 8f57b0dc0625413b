package setup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/glowmap/glow/internal/snapshot"
	"github.com/glowmap/glow/publisher/store"
)

// settleTime is how long a new setting may take to be seen everywhere in a store.
const settleTime = 20 * time.Second

// verify fetches an object as the page of another origin would and looks at
// the answer: latest.json or, before there is one, an object made for it.
func (s *Setup) verify(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	key, remove, err := s.probe(ctx)
	if err != nil {
		return s.explain("put an object to check with", err)
	}
	defer remove()
	for wait := 100 * time.Millisecond; ; wait *= 2 {
		a, err := s.Read(ctx, key)
		if err == nil {
			err = s.Judge(a)
		}
		if err == nil {
			s.say("verified: a page of", s.origin(), "can read the feed")
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the settings are made, but a browser cannot read the feed: %w", err)
		case <-time.After(wait):
		}
	}
}

// probe returns the key of an object to read, and how to remove it again.
func (s *Setup) probe(ctx context.Context) (key string, remove func(), err error) {
	key = s.Prefix + snapshot.Root + snapshot.LatestObject
	_, err = s.Client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &s.Bucket, Key: &key})
	if err == nil || store.Status(err) != http.StatusNotFound {
		return key, func() {}, err
	}
	key = s.Prefix + snapshot.Root + "setup.json"
	_, err = s.Client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &s.Bucket, Key: &key, Body: bytes.NewReader([]byte("{}")), ContentType: aws.String("application/json"),
		CacheControl: aws.String("no-store"),
	})
	return key, func() {
		_, _ = s.Client.DeleteObject(context.WithoutCancel(ctx), &s3.DeleteObjectInput{Bucket: &s.Bucket, Key: &key})
	}, err
}

// origin is one that must be let in.
func (s *Setup) origin() string {
	if s.Origins[0] == "*" {
		return "https://page.example"
	}
	return strings.Replace(s.Origins[0], "*", "page", 1)
}

// Read fetches an object as the page of another origin does. The answer's body
// has been read; its headers tell whether it came compressed.
func (s *Setup) Read(ctx context.Context, key string) (*http.Response, error) {
	address, err := s.address(ctx, key)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, errors.New("the store's address cannot be used")
	}
	r.Header.Set("Origin", s.origin())
	r.Header.Set("Accept-Encoding", "gzip")
	a, err := http.DefaultClient.Do(r)
	if err != nil {
		var u *url.Error // its text would show the signature
		if errors.As(err, &u) {
			err = u.Err
		}
		return nil, err
	}
	defer a.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(a.Body, 1<<20))
	return a, nil
}

// Judge says what a browser would miss in an answer.
func (s *Setup) Judge(a *http.Response) error {
	if a.StatusCode != http.StatusOK {
		return fmt.Errorf("the store answers %s", a.Status)
	}
	if allow := a.Header.Get("Access-Control-Allow-Origin"); allow != "*" && allow != s.origin() {
		return fmt.Errorf("the answer to a request of origin %s allows %q: set CORS by the store's own means", s.origin(), allow)
	}
	exposed := strings.ToLower(strings.Join(a.Header.Values("Access-Control-Expose-Headers"), ","))
	for _, h := range []string{"date", "etag"} {
		if exposed != "*" && !strings.Contains(exposed, h) {
			return fmt.Errorf("the answer does not expose the header %s, only %q", h, exposed)
		}
	}
	return nil
}

// address is where the page would read a public object; a private one is read
// with a signature in the address, as there is nobody else who may.
func (s *Setup) address(ctx context.Context, key string) (string, error) {
	p, err := s3.NewPresignClient(s.Client).PresignGetObject(ctx, &s3.GetObjectInput{Bucket: &s.Bucket, Key: &key}, s3.WithPresignExpires(time.Minute))
	if err != nil {
		return "", err
	}
	if s.Public {
		address, _, _ := strings.Cut(p.URL, "?")
		return address, nil
	}
	return p.URL, nil
}
