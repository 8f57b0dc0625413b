package shipped

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/glowmap/glow/e2e/harness"
)

// schema is docs/feed.schema.json, one schema for each kind of file.
type schema map[string]*jsonschema.Schema

func compile(t *testing.T) schema {
	t.Helper()
	path := filepath.Join(harness.Root(), "docs", "feed.schema.json")
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	s := schema{}
	for _, kind := range []string{"snapshot", "latest", "names"} {
		var err error
		if s[kind], err = c.Compile(path + "#/$defs/" + kind); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// check says what is wrong with an object of the feed.
func (s schema) check(object string, b []byte) error {
	kind := "snapshot"
	switch object {
	case "latest.json", "names.json":
		kind = strings.TrimSuffix(object, ".json")
	}
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		return err
	}
	return s[kind].Validate(v)
}

// Every file that the real pipeline publishes matches the schema: an empty
// feed, and one of old and of fresh events.
func TestSchemaOfPublishedFeed(t *testing.T) {
	s := compile(t)
	g := harness.New(t)
	write := func(lines string) {
		t.Helper()
		if err := os.WriteFile(g.Log, []byte(lines), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	seen := map[string]int{}
	valid := func() {
		t.Helper()
		for object, b := range g.Feed() {
			seen[strings.Split(object, "/")[0]]++
			if err := s.check(object, b); err != nil {
				t.Errorf("%s: %v\n%.300s", object, err, b)
			}
		}
	}
	write("")
	g.All(1)
	valid()
	now := time.Now().Unix()
	var b strings.Builder
	for i := range int64(400) {
		fmt.Fprintf(&b, "10.%d.%d.1 %d\n2001:db8::%x 1774360801 share:twitter\n", i%4, i%256, now-60-i, i)
	}
	write(b.String())
	g.All(1)
	valid()
	for _, kind := range []string{"10s", "1m", "1h", "1d", "all.json", "latest.json", "names.json"} {
		if seen[kind] == 0 {
			t.Errorf("nothing was published as %s; all: %v", kind, seen)
		}
	}
}

// The oracle's golden files match it too.
func TestSchemaOfGoldenFiles(t *testing.T) {
	s, n := compile(t), 0
	root := filepath.Join(harness.Root(), "e2e", "oracle", "testdata")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		_, object, found := strings.Cut(path, "/v1/")
		if err != nil || d.IsDir() || !found {
			return err
		}
		n++
		b, err := os.ReadFile(path)
		if err == nil {
			err = s.check(object, b)
		}
		return err
	})
	if err != nil || n == 0 {
		t.Errorf("%d golden files, %v", n, err)
	}
}

// What a reader must not meet does not match.
func TestSchemaRefuses(t *testing.T) {
	s := compile(t)
	minute := `{"grid":0.5,"period":"1m","start":"2026-03-24T14:00:00Z","types":{"download":{"beat":[1` + strings.Repeat(",0", 59) +
		`],"cells":[5],"continents":{"EU":1},"counts":[1],"countries":{"DE":1},"n":1,"unlocated":0}},"v":1}`
	if err := s.check("1m/2026/03/24/14/00.json", []byte(minute)); err != nil {
		t.Fatal(err)
	}
	for _, edit := range [][2]string{
		{`"v":1`, `"v":2`},
		{`"1m"`, `"1h"`},
		{`"1m"`, `"all"`},
		{`,0]`, `]`},
		{`"n":1`, `"n":0`},
		{`"n":1`, `"n":1.5`},
		{`"n":1`, `"n":1,"regions":{}`},
		{`"n":1`, `"n":1,"days":{"2026-03-24":1}`},
		{`"n":1,`, ``},
		{`"download"`, `"Download"`},
		{`"DE"`, `"Germany"`},
		{`[5]`, `[-5]`},
		{`14:00:00Z`, `14:00:00+01:00`},
		{`"2026-03-24T14:00:00Z"`, `null`},
		{`"download"`, `"other":{},"download"`},
	} {
		bad := strings.Replace(minute, edit[0], edit[1], 1)
		if bad == minute {
			t.Fatalf("%v changes nothing", edit)
		}
		if err := s.check("1m/2026/03/24/14/00.json", []byte(bad)); err == nil {
			t.Errorf("the schema takes %s instead of %s", edit[1], edit[0])
		}
	}
}
