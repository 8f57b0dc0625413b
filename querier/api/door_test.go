//go:build cgo

package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/internal/located"
	"github.com/glowmap/glow/querier/archivetest"
)

// guarded is an archive with much that the public may not see; all of it has
// "Inner" in its name.
func guarded(t *testing.T) *archivetest.Archive {
	a := archivetest.New(t)
	var rows []archive.Row
	for i := range int64(300) {
		row := archive.Row{Time: archivetest.First + i*60, Type: "download", Place: located.Place{
			Continent: "EU", Country: "DE", Region: "DE-Inner", Located: true, Cell: 987654, Lat: 481374, Lon: 115755,
		}}
		row.Attrs = []archive.Attr{{Key: "inner_key", Value: "Inner value"}}
		switch {
		case i%10 == 0:
			row.Type = "share:Inner"
		case i == 11:
			row.Country = "Inner" // one alone
		}
		rows = append(rows, row)
	}
	a.Add(rows, false)
	a.Commit()
	return a
}

// Without a token, nobody learns anything internal, by whatever endpoint, method
// or header: no type, dimension, value or count.
func TestPublicDoor(t *testing.T) {
	a := newAsker(t, guarded(t))
	var questions []string
	for _, key := range []string{"download", "share:Inner", "share:inner", "*", "share:*", "download,share:Inner"} {
		for _, by := range []string{"", "country", "region", "cell", "attr_inner_key", "inner_key", "lat", "type", "date", "hour"} {
			questions = append(questions, fmt.Sprintf(`{"keys":[%q],"by":[%q]}`, key, by), fmt.Sprintf(`{"keys":[%q],"by":["country"],"where":{%q:"x"}}`, key, by),
				fmt.Sprintf(`{"keys":[%q],"where":{"not":{%q:null}},"every":"1h","limit":1}`, key, by))
		}
	}
	paths := []string{"/v1/keys", "/v1/openapi.json", "/v1/models", "/v1/models/secret", "/", "/metrics", "/debug/pprof/", "/v1/tokens", "/v1/keys?access_token=glow_x", "/v1/../v1/keys", "//v1//keys", "/v1/keys/", "/v1/query?q="}
	for _, q := range questions {
		paths = append(paths, "/v1/query?q="+url.QueryEscape(q))
	}
	headers := []string{
		"", "X-Forwarded-For: 127.0.0.1", "Forwarded: for=127.0.0.1", "X-Original-URL: /v1/keys", "X-HTTP-Method-Override: POST", "X-Internal: true",
		"Authorization: Bearer ", "Authorization: Bearer undefined", "Authorization: Basic YWRtaW46YWRtaW4=", "authorization: bearer glow_AAAA", "Proxy-Authorization: Bearer x",
		"Cookie: token=x", "Host: localhost", "Accept: text/csv", "Origin: null", "If-None-Match: *", "Range: bytes=0-10",
	}
	check := func(what string, got answered) {
		t.Helper()
		all := got.body + fmt.Sprint(got.Header)
		if strings.Contains(all, "Inner") && !strings.Contains(what, "Inner") || strings.Contains(all, "inner_key") && !strings.Contains(what, "inner_key") || strings.Contains(all, "987654") {
			t.Errorf("%s: %s %s", what, got.Status, all)
		}
		if strings.Contains(what, "Inner") && got.StatusCode == 200 && strings.Contains(what, "/v1/query") {
			t.Errorf("%s: %s %s", what, got.Status, all)
		}
	}
	for i, path := range paths {
		own := headers[i%len(headers)]
		if !strings.HasPrefix(path, "/v1/query") {
			own = ""
			for _, h := range headers {
				for _, method := range []string{"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PROPFIND"} {
					check(method+" "+path+" "+h, a.ask(method, path, "", nonEmpty(h)...))
				}
			}
		}
		check("GET "+path+" "+own, a.ask("GET", path, "", nonEmpty(own)...))
	}
	for i, q := range questions {
		h := headers[i%len(headers)]
		check("POST /v1/query "+q+" "+h, a.ask("POST", "/v1/query", q, nonEmpty(h)...))
	}
	seen := a.ask("POST", "/v1/query", `{"keys":["download"],"by":["country"]}`)
	if !strings.Contains(seen.body, `["OTHER",`) && !strings.Contains(seen.body, `["OTHER",null]`) || strings.Contains(seen.body, ",1]") {
		t.Error(seen.body)
	}
}

func nonEmpty(h string) []string {
	return slices.DeleteFunc([]string{h}, func(s string) bool { return s == "" })
}

// Whoever shows a token that is none is turned away, also where the public
// could come in; the right one shows its types and no others.
func TestTokens(t *testing.T) {
	a, token := inside(t, guarded(t), "share:*")
	for _, h := range [][]string{
		{"Authorization: Bearer wrong"}, {"Authorization: Bearer "}, {"Authorization: Basic eDp5"}, {token + "x"}, {token, token}, {strings.Replace(token, "Bearer", "Token", 1)},
	} {
		for _, path := range []string{"/v1/keys", "/v1/query?q={}", "/v1/openapi.json"} {
			if got := a.ask("GET", path, "", h...); got.StatusCode != 401 || got.Header.Get("WWW-Authenticate") != "Bearer" {
				t.Errorf("%s %v: %s", path, h, got.Status)
			}
		}
	}
	got := a.ask("GET", "/v1/keys", "", token)
	if !strings.Contains(got.body, `"share:Inner"`) || strings.Contains(got.body, `"download"`) || !strings.Contains(got.body, `"inner_key"`) {
		t.Error(got.Status, got.body)
	}
	if got := a.ask("POST", "/v1/query", `{"keys":["download"]}`, token); got.StatusCode != 400 {
		t.Error(got.Status, got.body)
	}
	got = a.ask("POST", "/v1/query", `{"keys":["share:Inner"],"by":["inner_key","cell"]}`, strings.Replace(token, "Bearer", "bearer", 1))
	if !strings.Contains(got.body, `["Inner value",987654,30]`) {
		t.Error(got.Status, got.body)
	}
}

// The file of tokens is read again when it changes, must be nobody else's, and
// shuts everybody out while it cannot be read.
func TestTokenFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "tokens")
	token, line, err := NewToken("a.b-c_1", "download,share:*")
	write := func(text string, mode os.FileMode) {
		t.Helper()
		if err := os.WriteFile(path+".new", []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(path+".new", path); err != nil {
			t.Fatal(err)
		}
	}
	write("", 0o600)
	tokens, errOpen := OpenTokens(path)
	if err != nil || errOpen != nil || strings.Contains(line, token) {
		t.Fatal(err, errOpen, line)
	}
	now := time.Now()
	comes := func(want bool) {
		t.Helper()
		now = now.Add(time.Hour)
		tokens.look(now)
		if _, ok, err := tokens.find(token); ok != want {
			t.Errorf("%t, %v", ok, err)
		}
	}
	comes(false)
	write("# all\n\n"+line+"\n", 0o640)
	comes(true)
	write("# all\n\n"+line+"\n", 0o644)
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	comes(false)
	write(line+"\nno token\n", 0o600)
	comes(false)
	write(line, 0o600)
	comes(true)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	comes(false)
	for _, wrong := range [][2]string{{"", "*"}, {"two words", "*"}, {"x", ""}, {"x", "a b"}, {"ä", "*"}} {
		if _, _, err := NewToken(wrong[0], wrong[1]); err == nil {
			t.Errorf("%q is taken", wrong)
		}
	}
}

// Doors that see the same share what is kept of answers, others do not.
func TestDoorsShareNothing(t *testing.T) {
	a, token := inside(t, guarded(t), "*")
	q := `{"keys":["download"],"by":["country"]}`
	in := a.ask("POST", "/v1/query", q, token)
	out := a.ask("POST", "/v1/query", q)
	again := a.ask("POST", "/v1/query", q, "If-None-Match: "+in.Header.Get("ETag"))
	if in.body == out.body || again.StatusCode != http.StatusOK || again.body != out.body || !strings.HasPrefix(out.Header.Get("Cache-Control"), "public") {
		t.Errorf("inside %s, outside %s, %s", in.body, out.body, again.Status)
	}
	if !json.Valid([]byte(out.body)) {
		t.Error(out.body)
	}
}
