package main

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/glowmap/glow/internal/redistest"
	"github.com/glowmap/glow/internal/s3test"
)

// setUp runs "publisher setup" and returns what it said and its exit code.
func setUp(t testing.TB, endpoint string, env []string, args ...string) (string, int) {
	t.Helper()
	cmd := withEnv(exec.Command(os.Args[0], append([]string{"setup", "--s3-endpoint", endpoint}, args...)...))
	cmd.Env = append(cmd.Env, env...)
	out, _ := cmd.CombinedOutput()
	return string(out), cmd.ProcessState.ExitCode()
}

func TestSetupMakesThenConfirms(t *testing.T) {
	t.Parallel()
	store := s3test.Start(t)
	args := []string{"--target", "s3://launch/glow", "--public"}
	said, code := setUp(t, store.URL(), nil, append(args, "--dry-run")...)
	if code != 0 || !strings.Contains(said, "would set bucket launch") || !strings.Contains(said, "Nothing was changed") {
		t.Errorf("dry run: exit %d\n%s", code, said)
	}
	if _, err := os.Stat(store.Path("launch")); err == nil {
		t.Error("the dry run made a bucket")
	}
	said, code = setUp(t, store.URL(), nil, args...)
	for _, want := range []string{"set bucket launch", "set CORS", "set read policy", "verified"} {
		if code != 0 || !strings.Contains(said, want) {
			t.Errorf("first run: exit %d, lacks %q\n%s", code, want, said)
		}
	}
	said, code = setUp(t, store.URL(), nil, args...)
	if code != 0 || strings.Contains("\n"+said, "\nset ") || !strings.Contains(said, "is there: CORS") || !strings.Contains(said, "verified") {
		t.Errorf("second run: exit %d\n%s", code, said)
	}
	if left := files(t, store.Path("launch")); len(left) != 0 {
		t.Errorf("it left objects behind: %v", left)
	}

	// Strangers read the feed across origins, and nothing else.
	s := redistest.Start(t)
	newWorker(t, s)
	publish(t, s, "--once", "--target", "s3://launch/glow", "--s3-endpoint", store.URL())
	if err := os.WriteFile(filepath.Join(store.Path("launch"), "secret.json"), []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]int{"glow/v1/latest.json": 200, "secret.json": 403} {
		r, err := http.NewRequest("GET", store.URL()+"/launch/"+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Origin", "https://elsewhere.example")
		a, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		a.Body.Close()
		if a.StatusCode != want || want == 200 && a.Header.Get("Access-Control-Allow-Origin") == "" {
			t.Errorf("%s: %s %v", path, a.Status, a.Header)
		}
	}
}

func TestSetupWithoutPublicShowsThePolicy(t *testing.T) {
	t.Parallel()
	store := s3test.Start(t)
	args := []string{"--target", "s3://launch/glow", "--cors-origins", "https://www.example.org, https://example.org"}
	said, code := setUp(t, store.URL(), nil, args...)
	if code != 0 || !strings.Contains(said, "cloudfront.amazonaws.com") || !strings.Contains(said, "arn:aws:s3:::launch/glow/v1/*") || !strings.Contains(said, "verified") {
		t.Errorf("exit %d\n%s", code, said)
	}
	// A change of mind replaces the rule.
	said, code = setUp(t, store.URL(), nil, "--target", "s3://launch/glow", "--cors-origins", "https://new.example.org")
	if code != 0 || !strings.Contains(said, "set CORS") || !strings.Contains(said, "verified: a page of https://new.example.org") {
		t.Errorf("exit %d\n%s", code, said)
	}
}

func TestSetupSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	store := s3test.Start(t)
	store.Bucket("theirs")
	store.Account("friend", "friendsecret")
	for name, c := range map[string]struct {
		env  []string
		args []string
		code int
		says string
	}{
		"wrong key":      {[]string{"AWS_ACCESS_KEY_ID=stranger"}, []string{"--target", "s3://launch"}, 1, "does not accept the credentials"},
		"wrong secret":   {[]string{"AWS_SECRET_ACCESS_KEY=x"}, []string{"--target", "s3://launch"}, 1, "does not accept the credentials"},
		"wrong region":   {[]string{"AWS_REGION=eu-central-1"}, []string{"--target", "s3://launch"}, 1, "is not in region eu-central-1"},
		"foreign bucket": {[]string{"AWS_ACCESS_KEY_ID=friend", "AWS_SECRET_ACCESS_KEY=friendsecret"}, []string{"--target", "s3://theirs"}, 1, "somebody else's"},
		"bad name":       {nil, []string{"--target", "s3://NO"}, 1, "no name for a bucket"},
		"a folder":       {nil, []string{"--target", "file:///tmp"}, 2, "--target (or GLOW_TARGET)"},
		"bad origin":     {nil, []string{"--target", "s3://launch", "--cors-origins", "www.example.org"}, 2, "--cors-origins (or GLOW_CORS_ORIGINS)"},
	} {
		said, code := setUp(t, store.URL(), c.env, c.args...)
		if code != c.code || !strings.Contains(said, c.says) || c.code == 1 && strings.Count(strings.TrimSpace(said), "\n") > 0 {
			t.Errorf("%s: exit %d\n%s", name, code, said)
		}
	}
}

// A store that knows no CORS settings is warned about; what it answers decides.
func TestSetupOfAStoreThatKnowsLittle(t *testing.T) {
	t.Parallel()
	f := newFaulty(t)
	f.set(func() {
		f.before = func(r *http.Request) int {
			q := r.URL.Query()
			if q.Has("cors") || q.Has("lifecycle") {
				return http.StatusNotImplemented
			}
			return 0
		}
	})
	said, code := setUp(t, f.URL, nil, "--target", "s3://launch")
	if code != 1 || !strings.Contains(said, "warning: this store does not know") || !strings.Contains(said, "browser cannot read the feed") {
		t.Errorf("exit %d\n%s", code, said)
	}
	f.set(func() { f.cors = true })
	said, code = setUp(t, f.URL, nil, "--target", "s3://launch")
	if code != 0 || !strings.Contains(said, "verified") {
		t.Errorf("exit %d\n%s", code, said)
	}
}
