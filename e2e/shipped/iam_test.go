package shipped

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/glowmap/glow/e2e/harness"
	"github.com/glowmap/glow/internal/s3test"
)

// call is what a request asks of S3, in the words of its policies.
type call struct{ action, resource string }

// recorder stands before an S3 server and writes down what is asked of it by
// whoever signs requests.
type recorder struct {
	mu       sync.Mutex
	calls    map[call]bool
	odd      []string          // requests that no action is known for
	settings map[string]string // of the bucket, where the server behind has none
}

const blocked = "<PublicAccessBlockConfiguration><BlockPublicPolicy>true</BlockPublicPolicy><RestrictPublicBuckets>true</RestrictPublicBuckets></PublicAccessBlockConfiguration>"

func record(t *testing.T, server *s3test.Server) (*recorder, string) {
	t.Helper()
	to, err := url.Parse(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{calls: map[call]bool{}, settings: map[string]string{"lifecycle": "", "publicAccessBlock": blocked}}
	behind := &httputil.ReverseProxy{Rewrite: func(q *httputil.ProxyRequest) {
		q.Out.URL.Scheme, q.Out.URL.Host = to.Scheme, to.Host // the Host stays as it came: it is signed
	}}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		r.note(q)
		if r.stands(w, q) {
			return
		}
		behind.ServeHTTP(w, q)
	}))
	t.Cleanup(front.Close)
	return r, front.URL
}

// stands stands in for what the test's server does not know and AWS does:
// settings of a bucket, which are kept and given back. A new bucket has no
// lifecycle, and lets no policy make it public.
func (r *recorder) stands(w http.ResponseWriter, q *http.Request) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for name := range r.settings {
		switch {
		case !q.URL.Query().Has(name):
		case q.Method == http.MethodPut:
			body, _ := io.ReadAll(q.Body)
			r.settings[name] = string(body)
			return true
		case r.settings[name] == "":
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, "<Error><Code>NoSuchLifecycleConfiguration</Code></Error>")
			return true
		default:
			fmt.Fprint(w, r.settings[name])
			return true
		}
	}
	return false
}

func (r *recorder) note(q *http.Request) {
	if q.Header.Get("Authorization") == "" && q.URL.Query().Get("X-Amz-Signature") == "" {
		return // as a browser asks; that is the bucket's policy
	}
	bucket, key, _ := strings.Cut(strings.TrimPrefix(q.URL.Path, "/"), "/")
	c := call{resource: "arn:aws:s3:::" + strings.TrimSuffix(bucket+"/"+key, "/")}
	if key != "" {
		c.action = ofObject[q.Method]
	} else {
		c.action = ofBucket(q)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if from, err := url.PathUnescape(q.Header.Get("X-Amz-Copy-Source")); from != "" && err == nil {
		r.calls[call{"s3:GetObject", "arn:aws:s3:::" + strings.TrimPrefix(from, "/")}] = true
	}
	if c.action == "" {
		r.odd = append(r.odd, q.Method+" "+q.URL.String())
	}
	r.calls[c] = true
}

// Which right which request takes:
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html
var (
	ofObject = map[string]string{
		"GET": "s3:GetObject", "HEAD": "s3:GetObject", "PUT": "s3:PutObject", "DELETE": "s3:DeleteObject",
	}
	subresources = map[string]string{
		"cors": "BucketCORS", "lifecycle": "LifecycleConfiguration", "publicAccessBlock": "BucketPublicAccessBlock", "policy": "BucketPolicy",
	}
)

func ofBucket(q *http.Request) string {
	for name, what := range subresources {
		if q.URL.Query().Has(name) {
			return map[string]string{"GET": "s3:Get", "PUT": "s3:Put"}[q.Method] + what
		}
	}
	return map[string]string{"GET": "s3:ListBucket", "HEAD": "s3:ListBucket", "PUT": "s3:CreateBucket"}[q.Method]
}

// list is one text or several, as policies write them.
type list []string

func (l *list) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*l = list{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(l))
}

type policy struct {
	Version   string
	Statement []struct {
		Sid, Effect      string
		Action, Resource list
	}
}

// policyOf is a policy of docs/iam for a bucket and a prefix.
func policyOf(t *testing.T, name, bucket, prefix string) (p policy) {
	t.Helper()
	text := strings.NewReplacer("BUCKET", bucket, "PREFIX", prefix).Replace(read(t, "docs/iam/"+name))
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		t.Fatal(err)
	}
	return p
}

// allows returns the right that a policy grants for a call, "" for none.
func (p policy) allows(c call) string {
	for _, s := range p.Statement {
		if s.Effect == "Allow" && slices.Contains(s.Action, c.action) && slices.ContainsFunc(s.Resource, c.under) {
			return s.Sid + " " + c.action
		}
	}
	return ""
}

// under says whether a resource of a policy, perhaps with a * at its end, is the call's.
func (c call) under(pattern string) bool {
	prefix, star := strings.CutSuffix(pattern, "*")
	return c.resource == pattern || star && strings.HasPrefix(c.resource, prefix)
}

// holds fails the test unless a policy allows all that was asked for, and
// grants nothing that nobody asked for.
func (r *recorder) holds(t *testing.T, name string, p policy) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	used := map[string]bool{}
	for c := range r.calls {
		right := p.allows(c)
		if right == "" {
			t.Errorf("docs/iam/%s does not allow %s on %s", name, c.action, c.resource)
		}
		used[right] = true
	}
	for _, s := range p.Statement {
		for _, a := range s.Action {
			if !used[s.Sid+" "+a] {
				t.Errorf("docs/iam/%s grants %s in %s, which nobody needs", name, a, s.Sid)
			}
		}
	}
	if len(r.odd) > 0 || p.Version != "2012-10-17" {
		t.Errorf("%s: version %s, unknown requests: %q", name, p.Version, r.odd)
	}
	clear(r.calls)
}

// The policies of docs/iam grant what the programs ask of S3, and no more.
func TestPolicies(t *testing.T) {
	server := s3test.Start(t)
	r, endpoint := record(t, server)
	g := harness.New(t)
	g.Env = s3test.Env()
	target := []string{"--target", "s3://feed/some/prefix", "--s3-endpoint", endpoint}
	command := func(program string, args ...string) {
		t.Helper()
		cmd := exec.Command(harness.Program(t, program), append(args, target...)...)
		cmd.Env = append(os.Environ(), g.Env...)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%s %v: %v\n%s", program, args, err, out)
		}
	}

	command("publisher", "setup", "--public")
	asked := keep(r)
	lines := fmt.Sprintf("192.0.2.1 %d\n192.0.2.1 %d share:twitter\n", time.Now().Unix(), time.Now().Add(-48*time.Hour).Unix())
	if err := os.WriteFile(g.Log, []byte(lines), 0o644); err != nil {
		t.Fatal(err)
	}
	g.Target, g.Args["publisher"] = target[1], []string{"--s3-endpoint", endpoint, "--feed-2014"}
	g.All(1)
	g.Once("publisher")
	r.holds(t, "run.json", policyOf(t, "run.json", "feed", "some/prefix"))

	command("publisher", "reset", "--yes", "--prune", "--redis-url", g.Redis.URL())
	r.add(asked)
	r.holds(t, "setup.json", policyOf(t, "setup.json", "feed", "some/prefix"))

	command("page", "sync")
	age(t, server.Path("feed/some/prefix"))
	command("page", "sync", "--prune")
	r.holds(t, "page.json", policyOf(t, "page.json", "feed", "some/prefix"))
}

// The policies of an archive: of whoever writes it, through a day's whole life,
// and of whoever reads it.
func TestArchivePolicies(t *testing.T) {
	server := s3test.Start(t)
	server.Bucket("history")
	r, endpoint := record(t, server)
	g := harness.New(t)
	g.Env, g.Archive = s3test.Env(), "s3://history/some/prefix"
	g.Args["archiver"] = []string{"--s3-endpoint", endpoint}
	g.Once("publisher")
	g.Once("archiver")
	lines := fmt.Sprintf("192.0.2.1 %d\n192.0.2.1 %d share:twitter\n", time.Now().Unix(), time.Now().Add(-72*time.Hour).Unix())
	if err := os.WriteFile(g.Log, []byte(lines), 0o644); err != nil {
		t.Fatal(err)
	}
	g.All(1)
	g.Once("archiver")
	wrote := keep(r)
	read := func(program string, args ...string) {
		t.Helper()
		if status := g.Run(program, append(args, "--archive", g.Archive, "--s3-endpoint", endpoint)...).Wait(time.Minute); status != 0 {
			t.Errorf("%s %v: status %d", program, args, status)
		}
	}
	read("archiver", "cat")
	read("archiver", "files")
	read("glow", "recount", "--etc", g.Dir, "--redis-url", g.Redis.URL())
	r.holds(t, "archive-read.json", policyOf(t, "archive-read.json", "history", "some/prefix"))
	r.add(wrote)
	g.Once("archiver", "--retention", "*=1d")
	// What is larger than a request may be goes in parts, and those that fail are
	// taken back: package store has tests of that.
	r.add(map[call]bool{{"s3:AbortMultipartUpload", "arn:aws:s3:::history/some/prefix/v1/segments/a.parquet"}: true})
	r.holds(t, "archiver.json", policyOf(t, "archiver.json", "history", "some/prefix"))
}

// age makes a page's files two days old, beside a file of an older build.
func age(t *testing.T, dir string) {
	t.Helper()
	old := filepath.Join(dir, "glow-OLDOLDOL.js")
	if err := os.WriteFile(old, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for path, days := range map[string]int{old: 9, filepath.Join(dir, "index.html"): 2} {
		if err := os.Chtimes(path, time.Time{}, time.Now().AddDate(0, 0, -days)); err != nil {
			t.Fatal(err)
		}
	}
}

// keep takes the calls so far out of the record.
func keep(r *recorder) map[call]bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	calls := r.calls
	r.calls = map[call]bool{}
	return calls
}

func (r *recorder) add(calls map[call]bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for c := range calls {
		r.calls[c] = true
	}
}
