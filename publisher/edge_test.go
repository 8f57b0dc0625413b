package main

import (
	"bufio"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/glowmap/glow/internal/bucket"
	"github.com/glowmap/glow/internal/redistest"
	"github.com/glowmap/glow/internal/s3test"
)

// TestMetrics compares the names of all metrics with testdata/metrics.txt.
func TestMetrics(t *testing.T) {
	t.Parallel()
	s, dir := redistest.Start(t), t.TempDir()
	cmd := withEnv(command(s, "--target", "file://"+dir))
	cmd.Args = append(cmd.Args, "--admin-addr", "127.0.0.1:0")
	p := start(t, cmd)
	addr := regexp.MustCompile(`addr=(127\.0\.0\.1:\d+)`)
	eventually(t, "it listens", func() bool { return addr.MatchString(p.log.String()) })
	url := "http://" + addr.FindStringSubmatch(p.log.String())[1]
	eventually(t, "it is ready", func() bool {
		r, err := http.Get(url + "/readyz")
		if err != nil {
			return false
		}
		r.Body.Close()
		return r.StatusCode == http.StatusOK
	})
	r, err := http.Get(url + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	var names []string
	for lines := bufio.NewScanner(r.Body); lines.Scan(); {
		if f := strings.Fields(lines.Text()); len(f) == 4 && f[1] == "TYPE" && strings.HasPrefix(f[2], "glow_") {
			names = append(names, f[2]+" "+f[3])
		}
	}
	slices.Sort(names)
	want, err := os.ReadFile("testdata/metrics.txt")
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(names, "\n") + "\n"; got != string(want) {
		t.Errorf("metrics are now:\n%s", got)
	}
	p.stop()
}

func TestBadSettingsAreNamedAtOnce(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t)
	refuse(t, 2, command(s, "--once"), "--target (or GLOW_TARGET)")
	refuse(t, 2, command(s, "--target", "ftp://x", "--every", "1ms", "--in-flight", "0"),
		"--target (or GLOW_TARGET)", "--every (or GLOW_EVERY)", "--in-flight (or GLOW_IN_FLIGHT)")
	refuse(t, 2, command(s, "--target", "file://relative/dir"), "three slashes")
}

// What no waiting mends is said in one sentence at the start.
func TestUnusableTargets(t *testing.T) {
	t.Parallel()
	s, store := redistest.Start(t), s3test.Start(t)
	store.Bucket("launch")
	newWorker(t, s)
	args := []string{"--once", "--target", "s3://launch/x", "--s3-endpoint", store.URL()}
	wrong := command(s, args...)
	wrong.Env = append(wrong.Env, "AWS_ACCESS_KEY_ID=stranger")
	refuse(t, 1, wrong, "does not accept the credentials", "AWS_ACCESS_KEY_ID")
	wrong = command(s, args...)
	wrong.Env = append(wrong.Env, "AWS_SECRET_ACCESS_KEY=wrong")
	refuse(t, 1, wrong, "does not accept the credentials")
	wrong = command(s, args...)
	wrong.Env = append(wrong.Env, "AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY=")
	refuse(t, 1, wrong, "no AWS credentials found")
	wrong = command(s, args...)
	wrong.Env = append(wrong.Env, "AWS_REGION=eu-central-1")
	refuse(t, 1, wrong, "is not in region eu-central-1")
	refuse(t, 1, command(s, "--once", "--target", "s3://lunch/x", "--s3-endpoint", store.URL()), `no bucket "lunch"`, "publisher setup")

	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	refuse(t, 1, command(s, "--once", "--target", "file://"+file+"/dir"), "target cannot be used")
}

// Headers with which the objects lie in S3.
func TestHeaders(t *testing.T) {
	t.Parallel()
	s, f := redistest.Start(t), newFaulty(t)
	w := newWorker(t, s)
	now := time.Now().Unix()
	young, old := event{at: now - 120, typ: "download", cell: 5}, event{at: dayStart, typ: "download", cell: 5}
	w.count([]event{young, old}, 1)
	publish(t, s, "--once", "--target", "s3://launch", "--s3-endpoint", f.URL)
	name := func(p bucket.Period, at int64) string {
		return "v1/" + bucket.ID{Period: p, Start: p.Start(at)}.Object()
	}
	for object, cache := range map[string]string{
		"v1/latest.json":              "public, max-age=2, s-maxage=2, stale-if-error=86400",
		"v1/names.json":               "max-age=300",
		"v1/all.json":                 "max-age=10",
		name(bucket.Minute, now-120):  "max-age=5",
		name(bucket.Day, now-120):     "max-age=5",
		name(bucket.Minute, dayStart): "max-age=3600",
		name(bucket.Day, dayStart):    "max-age=3600",
	} {
		h := f.headers[object]
		if h.Get("Cache-Control") != cache || h.Get("Content-Encoding") != "gzip" || h.Get("Content-Type") != "application/json" {
			t.Errorf("%s: %v", object, h)
		}
	}
}

// A bucket that cannot be read is named, and stops --once with an error; it
// does not stop the others.
func TestCorruptBucket(t *testing.T) {
	t.Parallel()
	s, dir := redistest.Start(t), t.TempDir()
	w := newWorker(t, s)
	events := someEvents(10, 60)
	w.count(events, 10)
	minute := bucket.ID{Period: bucket.Minute, Start: bucket.Minute.Start(events[0].at)}
	w.must(w.redis.RPush(t.Context(), ns.Parts(minute), "no part").Err())
	refuse(t, 1, command(s, "--once", "--target", "file://"+dir), minute.String())
	got := files(t, dir)
	want := naive(events, false)
	delete(want, "v1/"+minute.Object())
	compare(t, got, want)
	p := start(t, command(s, append(soon, "--target", "file://"+dir)...))
	eventually(t, "it names the bucket", func() bool { return p.says(minute.String()) })
	seq := seqIn(t, dir)
	eventually(t, "the heart beats on", func() bool {
		return seqIn(t, dir) > seq+2
	})
	if n := strings.Count(p.log.String(), minute.String()); n > 4 { // bucket=, and in err=
		t.Errorf("it is named again and again:\n%s", p.log)
	}
	p.stop()
}

func TestSaysThatAStoreIgnoresConditions(t *testing.T) {
	t.Parallel()
	s, f := redistest.Start(t), newFaulty(t)
	newWorker(t, s)
	if said := publish(t, s, "--once", "--target", "s3://launch", "--s3-endpoint", f.URL); strings.Contains(said, "conditions") {
		t.Errorf("a good store is blamed:\n%s", said)
	}
	other := redistest.Start(t)
	g := newFaulty(t)
	g.set(func() { g.ignores = true })
	if said := publish(t, other, "--once", "--target", "s3://launch", "--s3-endpoint", g.URL); !strings.Contains(said, "ignores conditions") {
		t.Errorf("not a word:\n%s", said)
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	s, dir := redistest.Start(t), t.TempDir()
	w := newWorker(t, s)
	name := func(code, name string) {
		w.must(w.redis.HSet(t.Context(), ns.Names(), code, name).Err())
		w.must(w.redis.Set(t.Context(), ns.NamesToken(), bucket.NewToken().String(), 0).Err())
		publish(t, s, "--once", "--target", "file://"+dir)
	}
	name("US-CA", "California")
	name("AT-9", "Vienna & <all>")
	if got, want := files(t, dir)["v1/names.json"], `{"regions":{"AT-9":"Vienna & <all>","US-CA":"California"},"v":1}`; got != want {
		t.Errorf("names.json is %s, want %s", got, want)
	}
}
