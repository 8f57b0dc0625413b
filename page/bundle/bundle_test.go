package bundle

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
)

func mustBuild(t *testing.T, o Options) []File {
	t.Helper()
	if o.Settings == nil {
		o.Settings = Defaults()
	}
	files, err := Build(o)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func find(t *testing.T, files []File, name string) File {
	t.Helper()
	for _, f := range files {
		if f.Name == name {
			return f
		}
	}
	t.Fatalf("no %s was built", name)
	return File{}
}

// The same source makes the same bytes, so that a name with a hash says what is
// in it.
func TestBuildIsDeterministic(t *testing.T) {
	a := mustBuild(t, Options{})
	for range 5 {
		b := mustBuild(t, Options{})
		if len(a) != len(b) {
			t.Fatalf("%d files, then %d", len(a), len(b))
		}
		for i := range a {
			if a[i].Name != b[i].Name || !bytes.Equal(a[i].Data, b[i].Data) {
				t.Errorf("%s, then %s, differ", a[i].Name, b[i].Name)
			}
		}
	}
}

// Files come before those that name them, and everything named exists.
func TestFilesAreComplete(t *testing.T) {
	files := mustBuild(t, Options{URL: "https://downloads.example.org/"})
	if last := files[len(files)-1].Name; last != "index.html" {
		t.Errorf("%s is uploaded after the page that names the others", last)
	}
	names := map[string]bool{}
	for _, f := range files {
		names[f.Name] = true
		if f.Type == "" {
			t.Errorf("%s has no type", f.Name)
		}
	}
	hashed := regexp.MustCompile(`[a-z]+(-[a-z]{2})?-[A-Z0-9]{8}\.(js|css|bin)`)
	for _, f := range files {
		for _, name := range hashed.FindAllString(string(f.Data), -1) {
			if !names[name] {
				t.Errorf("%s names %s, which was not built", f.Name, name)
			}
		}
		if f.Immutable != hashed.MatchString(f.Name) {
			t.Errorf("%s: immutable is %v", f.Name, f.Immutable)
		}
	}
	if html := string(find(t, files, "index.html").Data); !strings.Contains(html, `content="https://downloads.example.org/og.jpg"`) {
		t.Error("link previews have no picture")
	}
}

func TestPolicyIsStrict(t *testing.T) {
	s := Defaults()
	if err := s.Merge([]byte(`{"feed": "https://cdn.example.org/feed", "sharehook": "https://share.example.org/share"}`)); err != nil {
		t.Fatal(err)
	}
	for _, single := range []bool{false, true} {
		html := string(find(t, mustBuild(t, Options{Settings: s, Single: single}), "index.html").Data)
		for _, want := range []string{"default-src 'none'", "require-trusted-types-for", "trusted-types", "https://cdn.example.org https://share.example.org"} {
			if !strings.Contains(strings.ReplaceAll(html, "&#39;", "'"), want) {
				t.Errorf("single %v: the policy lacks %s", single, want)
			}
		}
		if strings.Contains(html, "unsafe-") {
			t.Errorf("single %v: the policy is open", single)
		}
	}
}

// One file is really one: it names no other.
func TestSingleIsOneFile(t *testing.T) {
	files := mustBuild(t, Options{Single: true})
	if len(files) != 1 {
		t.Fatalf("%d files", len(files))
	}
	if m := regexp.MustCompile(`(src|href)="[^"#d][^"]*\.(js|css|bin|json)"`).Find(files[0].Data); m != nil && !strings.Contains(string(m), "v1/") {
		t.Errorf("it names %s", m)
	}
}

// Nothing in the page speaks to a third party; addresses for sharing are links.
func TestNoThirdParty(t *testing.T) {
	allowed := regexp.MustCompile(`^https?://(www\.w3\.org|twitter\.com/intent|www\.facebook\.com/sharer|downloads\.example\.org)`)
	for _, f := range mustBuild(t, Options{}) {
		for _, u := range regexp.MustCompile("https?://[a-z][^\"'` )]*").FindAllString(string(f.Data), -1) {
			if !allowed.MatchString(u) {
				t.Errorf("%s names %s", f.Name, u)
			}
		}
	}
}

func TestSettingsAreChecked(t *testing.T) {
	for _, bad := range []string{``, `[]`, `{"feed": "ftp://x"}`, `{"feed": "javascript:alert(1)"}`, `{"types": []}`, `{"sharehook": ":"}`} {
		if err := Defaults().Merge([]byte(bad)); err == nil {
			t.Errorf("%s was taken", bad)
		}
	}
}
