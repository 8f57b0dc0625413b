// Package setup makes an S3 bucket ready for the feed and checks it from the
// outside: that it exists, lets browsers of other origins read, forgets 10s
// snapshots, and lets strangers read if that is wanted.
//
// Each step looks first and changes only what is not as it should be, so a
// second run confirms and changes nothing. What others have set up in the same
// bucket (rules and statements under other names) stays.
package setup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/glowmap/glow/publisher/store"
)

// Setup is one run of "publisher setup".
type Setup struct {
	Client  *s3.Client
	Bucket  string
	Prefix  string // empty, or ending in "/"
	Region  string
	Origins []string // whose pages may read, "*" for all
	Public  bool     // strangers may read without a CDN
	DryRun  bool     // say what would be changed, change nothing
	Out     io.Writer
}

// step is one property of the bucket.
type step struct {
	what  string
	check func(context.Context) (fine bool, err error)
	do    func(context.Context) error
}

// Run goes through all steps and then reads as a browser would. A store that
// does not know a setting is warned about; the reading decides.
func (s *Setup) Run(ctx context.Context) error {
	exists, err := s.run(ctx, step{"bucket " + s.Bucket, s.hasBucket, s.createBucket})
	if err != nil {
		return err
	}
	for _, st := range s.steps() {
		if !exists { // only in a dry run
			s.say("would set", st.what)
			continue
		}
		if _, err := s.run(ctx, st); err != nil {
			return err
		}
	}
	if !s.Public {
		s.showCDN()
	}
	if s.DryRun {
		fmt.Fprintln(s.Out, "Nothing was changed (--dry-run).")
		return nil
	}
	return s.verify(ctx)
}

func (s *Setup) steps() []step {
	steps := []step{
		{"CORS for " + fmt.Sprint(s.Origins), s.hasCORS, s.setCORS},
		{"expiry of 10s/ after two days", s.hasLifecycle, s.setLifecycle},
	}
	if s.Public {
		steps = append(steps,
			step{"public access block that lets a policy make objects public", s.hasAccess, s.setAccess},
			step{"read policy for everybody on " + s.Prefix + "v1/* and " + s.Prefix + "stats/*", s.hasPolicy, s.setPolicy})
	}
	return steps
}

// run makes one step; fine says that all is as it should be afterwards.
func (s *Setup) run(ctx context.Context, st step) (fine bool, err error) {
	fine, err = st.check(ctx)
	switch {
	case unknown(err):
		s.say("warning: this store does not know, and has to be told by other means:", st.what)
		return true, nil
	case err != nil:
		return false, s.explain(st.what, err)
	case fine:
		s.say("is there:", st.what)
		return true, nil
	case s.DryRun:
		s.say("would set", st.what)
		return false, nil
	}
	if err := st.do(ctx); unknown(err) {
		s.say("warning: this store does not know, and has to be told by other means:", st.what)
	} else if err != nil {
		return false, s.explain(st.what, err)
	} else {
		s.say("set", st.what)
	}
	return true, nil
}

func (s *Setup) say(words ...any) { fmt.Fprintln(s.Out, words...) }

// unknown says that the store has no such setting.
func unknown(err error) bool {
	return err != nil && (store.Status(err) == http.StatusNotImplemented || store.Code(err) == "NotImplemented" || store.Code(err) == "MethodNotAllowed")
}

func (s *Setup) explain(what string, err error) error {
	err = store.Explain(err, s.Bucket, s.Region)
	if errors.Is(err, store.ErrSettings) {
		return err
	}
	return fmt.Errorf("%s: %w", what, err)
}

// Origins reads a list of origins separated by commas.
func Origins(list string) ([]string, error) {
	origins := strings.FieldsFunc(list, func(r rune) bool { return r == ',' || r == ' ' })
	for _, o := range origins {
		u, err := url.Parse(strings.ReplaceAll(o, "*", "any"))
		if o != "*" && (err != nil || u.Scheme == "" || u.Host == "" || u.Path != "" || u.RawQuery != "") {
			return nil, fmt.Errorf("%q: want origins such as https://www.example.org, or *", o)
		}
	}
	if len(origins) == 0 {
		return nil, errors.New("want at least one origin, or *")
	}
	return origins, nil
}
