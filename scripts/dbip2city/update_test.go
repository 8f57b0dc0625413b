package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/maxmind/mmdbwriter/mmdbtype"
)

const secret = "abc_SECRET_key"

// vendor stands in for MaxMind and DB-IP.
type vendor struct {
	*httptest.Server
	t        *testing.T
	database []byte
	checksum string // instead of the right one
	status   int    // instead of 200
	missing  string // a path with this in it is not found
	mu       sync.Mutex
	asked    []string
}

var published = time.Date(2026, 9, 18, 8, 0, 0, 0, time.UTC)

func newVendor(t *testing.T, file string) *vendor {
	t.Helper()
	database, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	v := &vendor{t: t, database: database}
	v.Server = httptest.NewServer(v)
	t.Cleanup(v.Close)
	return v
}

func (v *vendor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.asked = append(v.asked, r.URL.String())
	v.spy()
	user, password, _ := r.BasicAuth()
	maxmind := strings.HasPrefix(r.URL.Path, "/GeoLite2-City/download")
	switch {
	case v.status != 0:
		w.WriteHeader(v.status)
	case v.missing != "" && strings.Contains(r.URL.Path, v.missing):
		http.NotFound(w, r)
	case maxmind && (user != "1234" || password != secret):
		w.WriteHeader(http.StatusUnauthorized)
	case r.URL.Query().Get("suffix") == "tar.gz.sha256":
		fmt.Fprintf(w, "%s  GeoLite2-City_20260918.tar.gz\n", v.sum())
	case maxmind:
		http.ServeContent(w, r, "x.tar.gz", published, bytes.NewReader(archive(v.database)))
	default:
		http.ServeContent(w, r, "x.mmdb.gz", published, bytes.NewReader(zipped(v.database)))
	}
}

func (v *vendor) sum() string {
	if v.checksum != "" {
		return v.checksum
	}
	return fmt.Sprintf("%x", sha256.Sum256(archive(v.database)))
}

// set changes how the vendor behaves.
func (v *vendor) set(change func()) {
	v.mu.Lock()
	defer v.mu.Unlock()
	change()
}

// urls are what was asked for so far.
func (v *vendor) urls() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Clone(v.asked)
}

// spy looks whether the key is an argument of any program, where anybody could
// read it.
func (v *vendor) spy() {
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, f := range files {
		if text, _ := os.ReadFile(f); bytes.Contains(text, []byte(secret)) {
			v.t.Errorf("the key is an argument: %q", text)
		}
	}
}

func archive(database []byte) []byte {
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for name, text := range map[string][]byte{"GeoLite2-City_20260918/GeoLite2-City.mmdb": database} {
		_ = w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text))})
		_, _ = w.Write(text)
	}
	_ = w.Close()
	return zipped(b.Bytes())
}

func zipped(text []byte) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write(text)
	_ = w.Close()
	return b.Bytes()
}

// updating is one place that is kept up to date.
type updating struct {
	t   *testing.T
	v   *vendor
	out string
	env []string
}

func newUpdating(t *testing.T, v *vendor, env ...string) *updating {
	return &updating{t, v, filepath.Join(t.TempDir(), "city.mmdb"), env}
}

// run runs scripts/geoip-update and checks its exit status, that it says what
// it should and not what it should not, and that it leaves no mess.
func (u *updating) run(status int, says string, args ...string) {
	u.t.Helper()
	cmd := exec.Command("../geoip-update", append([]string{"--out", u.out, "--url", u.v.URL}, args...)...)
	cmd.Env = append([]string{"PATH=" + bin + ":" + os.Getenv("PATH")}, u.env...)
	out, _ := cmd.CombinedOutput()
	if got := cmd.ProcessState.ExitCode(); got != status || !strings.Contains(string(out), says) {
		u.t.Errorf("%v: status %d, want %d and %q: %s", args, got, status, says, out)
	}
	if strings.Contains(string(out), secret) {
		u.t.Errorf("the key is told: %s", out)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(u.out), ".*")); len(left) > 0 {
		u.t.Errorf("left behind: %v", left)
	}
}

func (u *updating) is(want []byte) {
	u.t.Helper()
	if got, _ := os.ReadFile(u.out); !bytes.Equal(got, want) {
		u.t.Errorf("%s has %d bytes, not the %d that it should", u.out, len(got), len(want))
	}
}

func (u *updating) put(text []byte) {
	u.t.Helper()
	if err := os.WriteFile(u.out, text, 0o644); err != nil {
		u.t.Fatal(err)
	}
}

var maxmindKeys = []string{"GEOIP_ACCOUNT_ID=1234", "GEOIP_LICENSE_KEY=" + secret}

func geolite(t *testing.T) string {
	return table(t, "GeoLite2-City.mmdb", "GeoLite2-City", 6, map[string]mmdbtype.Map{"1.0.0.0/24": nestedRecord("AU", "Queensland", 1, 2)})
}

func TestUpdateMaxMind(t *testing.T) {
	v := newVendor(t, geolite(t))
	u := newUpdating(t, v, maxmindKeys...)
	u.run(0, "the new database is fine", "--dry-run")
	u.is(nil)
	u.run(0, "is new: ")
	u.is(v.database)
	if s, err := os.Stat(u.out); err != nil || s.Mode().Perm() != 0o644 || !s.ModTime().Equal(published) {
		t.Errorf("%v, %v", s, err)
	}
	asked := len(v.urls())
	u.run(0, "is up to date")
	if urls := v.urls(); len(urls) != asked+1 {
		t.Errorf("asked for %v", urls[asked:])
	}
}

// Whatever goes wrong, the old database stays.
func TestUpdateKeepsTheOld(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(*vendor, *updating)
		says  string
	}{
		"refused":        {func(v *vendor, _ *updating) { v.set(func() { v.status = 401 }) }, "are refused (HTTP 401)"},
		"wrong key":      {func(_ *vendor, u *updating) { u.env = []string{"GEOIP_ACCOUNT_ID=1234", "GEOIP_LICENSE_KEY=other"} }, "are refused (HTTP 401)"},
		"too often":      {func(v *vendor, _ *updating) { v.set(func() { v.status = 429 }) }, "try again tomorrow"},
		"not found":      {func(v *vendor, _ *updating) { v.set(func() { v.missing = "download" }) }, "the download failed (HTTP 404)"},
		"nobody answers": {func(v *vendor, _ *updating) { v.Close() }, "the download failed (HTTP 000)"},
		"bad checksum":   {func(v *vendor, _ *updating) { v.set(func() { v.checksum = strings.Repeat("0", 64) }) }, "does not match its checksum"},
		"truncated":      {func(v *vendor, _ *updating) { v.set(func() { v.database = v.database[:len(v.database)/2] }) }, "cannot be used"},
		"no database":    {func(v *vendor, _ *updating) { v.set(func() { v.database = []byte("<html>") }) }, "cannot be used"},
		"shrunk":         {func(_ *vendor, u *updating) { u.put(make([]byte, 1<<20)) }, "less than half as big"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := newVendor(t, geolite(t))
			u := newUpdating(t, v, maxmindKeys...)
			old := []byte("old")
			u.put(old)
			if err := os.Chtimes(u.out, published, published.Add(-time.Hour)); err != nil {
				t.Fatal(err)
			}
			c.spoil(v, u)
			if err := os.Chtimes(u.out, published, published.Add(-time.Hour)); err != nil {
				t.Fatal(err)
			}
			old, _ = os.ReadFile(u.out)
			u.run(1, c.says)
			u.is(old)
			if name == "shrunk" {
				u.run(0, "is new", "--force")
				u.is(v.database)
			}
		})
	}
}

// DB-IP's file of last month is taken while this month's is not out, and gets
// region codes on the way.
func TestUpdateDBIP(t *testing.T) {
	v := newVendor(t, table(t, "lite.mmdb", "DBIP-City-Lite", 6, map[string]mmdbtype.Map{
		"1.0.0.0/24": nestedRecord("AU", "Queensland", -27.46794, 153.02809),
	}))
	month := time.Now().UTC().Format("2006-01")
	v.set(func() { v.missing = month })
	u := newUpdating(t, v)
	u.run(0, "is new")
	want(t, lookup(t, u.out, "1.0.0.1"), "OC", "AU", "Australia", "QLD", "Queensland", "Town")
	if urls := v.urls(); len(urls) != 2 || strings.Contains(urls[1], month) {
		t.Errorf("asked for %v", urls)
	}
	u.run(0, "is up to date")
	u.run(1, "cannot be used", "--check", "false", "--from", "dbip", "--out", u.out+".other")
}

func TestUpdateCredentials(t *testing.T) {
	v := newVendor(t, geolite(t))
	dir := t.TempDir()
	conf := "# GeoIP.conf\nAccountID 1234\nLicenseKey " + secret + "\nEditionIDs GeoLite2-City\n"
	if err := os.WriteFile(filepath.Join(dir, "geoip"), []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	newUpdating(t, v, "CREDENTIALS_DIRECTORY="+dir).run(0, "is new")
	newUpdating(t, v).run(0, "is new", "--credentials", filepath.Join(dir, "geoip"))
}

func TestUpdateMistakes(t *testing.T) {
	u := newUpdating(t, newVendor(t, geolite(t)))
	u.run(2, "no account id", "--from", "maxmind")
	u.run(2, "want maxmind or dbip", "--from", "elsewhere")
	u.run(2, "unknown option --what", "--what")
	u.run(2, "needs a value", "--edition")
	u.run(2, "there is no such folder", "--out", "/nowhere/city.mmdb")
	u.env = maxmindKeys[:1]
	u.run(2, "no licence key", "--from", "maxmind")
	u.env = []string{"GEOIP_ACCOUNT_ID=1\"\nurl=x", "GEOIP_LICENSE_KEY=k"}
	u.run(2, "no account id", "--from", "maxmind")
}

// Only one update runs at a time.
func TestUpdateLock(t *testing.T) {
	u := newUpdating(t, newVendor(t, geolite(t)), maxmindKeys...)
	holder := exec.Command("flock", filepath.Dir(u.out), "sh", "-c", "echo held; read line")
	in, _ := holder.StdinPipe()
	out, _ := holder.StdoutPipe()
	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 5)); err != nil {
		t.Fatal(err)
	}
	u.run(1, "another update")
	in.Close()
	_ = holder.Wait()
	u.run(0, "is new")
}
