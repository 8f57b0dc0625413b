//go:build cgo

package api

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// What is odd, or meant badly, has a clear answer.
func TestOddRequests(t *testing.T) {
	a := newAsker(t, random(t))
	const q = `{"keys":["download"]}`
	for _, c := range []struct {
		method, path, body, header string
		status                     int
		want                       string
	}{
		{"GET", "/v1/query", "", "", 400, `"field":"q","message":"say what you ask`},
		{"POST", "/v1/query", "", "", 400, `"field":"q","message":"say what you ask`},
		{"GET", "/v1/query?q=%ZZ", "", "", 400, `"field":"q","message":"the address is not written as addresses are: `},
		{"GET", "/v1/query?q={};x=1", "", "", 400, `"field":"q","message":"the address is not written as addresses are: `},
		{"GET", "/v1/query?q={}&q={}", "", "", 400, `"field":"q","message":"the question stands there twice`},
		{"POST", "/v1/query?q={}", q, "", 400, `"field":"q","message":"the question stands there twice`},
		{"POST", "/v1/query", "\xef\xbb\xbf" + q, "", 200, `"results"`},
		{"POST", "/v1/query", "\xff\xfe{\x00", "", 400, "UTF-8"},
		{"POST", "/v1/query", "{\"keys\":[\"down\xffload\"]}", "", 400, "UTF-8"},
		{"GET", "/v1/query?q=" + url.QueryEscape("{\"keys\":[\"\xc3\"]}"), "", "", 400, "UTF-8"},
		{"POST", "/v1/query", "\x1f\x8b\x08", "Content-Encoding: gzip", 415, "unpacked"},
		{"POST", "/v1/query", q, "Content-Encoding: identity", 200, `"results"`},
		{strings.Repeat("Q", 5000), "/v1/keys", "", "", 405, `"message":"QQQ`},
		{"POST", "/v1/query", strings.Repeat("[", 60_000), "", 400, "too deeply nested"},
		{"POST", "/v1/query", `{"keys":["download"],"limit":1e999}`, "", 400, `"field":"limit"`},
		{"POST", "/v1/query", `{"keys":["download"],"keys":["download"]}`, "", 400, "stands there twice"},
		{"POST", "/v1/query", `{"keys":["download"],"every":"1m","from":0,"to":253402300800}`, "", 400, "4223371680 periods"},
		{"GET", "/v1/keys%00", "", "", 404, "there is nothing here"},
	} {
		name := strings.TrimSpace(c.method + " " + c.path + " " + c.body)
		got := a.ask(c.method, c.path, c.body, nonEmpty(c.header)...)
		if got.StatusCode != c.status || !strings.Contains(got.body, c.want) || !json.Valid([]byte(got.body)) || len(got.body) > 1000 {
			t.Errorf("%.80q: %s %.300s", name, got.Status, got.body)
		}
	}
}

// An answer is packed for those who can unpack it, and only for them.
func TestAcceptEncoding(t *testing.T) {
	a, token := inside(t, random(t), "*")
	for header, want := range map[string]string{
		"gzip": "gzip", "GZIP": "gzip", "x-gzip": "gzip", "*": "gzip", "br, gzip;q=0.5": "gzip", "gzip; Q=1": "gzip",
		"gzip;q=0": "", "gzip;q=0, *": "", "identity": "", "br": "", "*;q=0": "", "gzip;Q=0": "", "notgzip": "", "gzip;q=x": "",
	} {
		got := a.ask("GET", "/v1/keys", "", token, "Accept-Encoding: "+header)
		if got.StatusCode != http.StatusOK || got.Header.Get("Content-Encoding") != want {
			t.Errorf("%s: %s %q", header, got.Status, got.Header.Get("Content-Encoding"))
		}
	}
	if got := a.ask("GET", "/v1/query?q="+url.QueryEscape(`{"keys":["download"]}`), "", token, "Accept: text/csv;Q=0"); got.StatusCode != http.StatusNotAcceptable {
		t.Errorf("text/csv;Q=0: %s", got.Status)
	}
}
