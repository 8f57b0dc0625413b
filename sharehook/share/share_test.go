package share

import (
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/glowmap/glow/sharehook/client"
	"github.com/glowmap/glow/sharehook/limit"
	"github.com/glowmap/glow/sharehook/spool"
)

// handler makes a handler over a spool of its own. Requests come from
// 192.0.2.1, httptest's address, which is trusted as a proxy.
func handler(t testing.TB, origins ...string) (h *Handler, lines func() []string) {
	t.Helper()
	dir, reg := t.TempDir(), prometheus.NewRegistry()
	s, err := spool.Open(dir, spool.Options{Max: 64 << 20, SegmentBytes: 1 << 20, SegmentAge: time.Hour, Log: slog.New(slog.DiscardHandler), Metrics: reg})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	h = &Handler{
		Client: client.Finder{Trusted: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}},
		Rate:   limit.NewRate(0, 0), Spool: s, Log: slog.New(slog.DiscardHandler),
		Conns: limit.NewConns(10, 10, prometheus.NewGauge(prometheus.GaugeOpts{}), prometheus.NewCounter(prometheus.CounterOpts{})),
	}
	if h.Types, err = ParseTypes([]string{"twitter", "facebook", "privacy"}); err != nil {
		t.Fatal(err)
	}
	if h.Origins, err = ParseOrigins(origins); err != nil {
		t.Fatal(err)
	}
	h.Register(reg)
	return h, func() []string {
		var all string
		files, _ := filepath.Glob(filepath.Join(dir, spool.Pattern))
		for _, f := range files {
			b, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			all += string(b)
		}
		return strings.Split(strings.TrimSuffix(all, "\n"), "\n")
	}
}

const formType, jsonType = "application/x-www-form-urlencoded", "application/json"

func request(method, path, kind, body string, headers ...string) *http.Request {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	if kind != "" {
		r.Header.Set("Content-Type", kind)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

func ask(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestAnswers(t *testing.T) {
	long := strings.Repeat("x", MaxBody)
	for _, c := range []struct {
		name string
		r    *http.Request
		code int
		says string // for 204: the type recorded
	}{
		{"form", request("POST", "/share", formType, "type=twitter"), 204, "share:twitter"},
		{"slash", request("POST", "/share/", formType, "type=facebook"), 204, "share:facebook"},
		{"issue of 2014", request("POST", "/share/", formType+"; charset=UTF-8", "issue=privacy"), 204, "share:privacy"},
		{"json", request("POST", "/share", jsonType, `{"type":"twitter"}`), 204, "share:twitter"},
		{"json issue", request("POST", "/share", jsonType+";charset=utf-8", ` {"issue":"privacy","n":[1,{}]} `), 204, "share:privacy"},
		{"other fields", request("POST", "/share", formType, "csrf=1&type=twitter&url=http%3A%2F%2Fx"), 204, "share:twitter"},
		{"longest body", request("POST", "/share", formType, ("type=twitter&x=" + long)[:MaxBody]), 204, "share:twitter"},
		{"elsewhere", request("POST", "/shares", formType, "type=twitter"), 404, "posted to /share"},
		{"get", request("GET", "/share", "", ""), 405, "POST"},
		{"delete", request("DELETE", "/share", "", ""), 405, "POST"},
		{"no content type", request("POST", "/share", "", "type=twitter"), 415, "application/json"},
		{"text", request("POST", "/share", "text/plain", "type=twitter"), 415, "application/json"},
		{"multipart", request("POST", "/share", "multipart/form-data; boundary=x", "--x--"), 415, "application/json"},
		{"compressed", request("POST", "/share", formType, "type=twitter", "Content-Encoding", "gzip"), 415, "compressed"},
		{"too long", request("POST", "/share", formType, "type=twitter&x="+long), 413, "4096"},
		{"too long in chunks", chunked(request("POST", "/share", formType, "type=twitter&x="+long)), 413, "4096"},
		{"empty", request("POST", "/share", formType, ""), 400, "type is missing"},
		{"empty json", request("POST", "/share", jsonType, ""), 400, "JSON object"},
		{"json null", request("POST", "/share", jsonType, "null"), 400, "JSON object"},
		{"json list", request("POST", "/share", jsonType, `["twitter"]`), 400, "JSON object"},
		{"json number", request("POST", "/share", jsonType, `{"type":1}`), 400, "must be a string"},
		{"json null type", request("POST", "/share", jsonType, `{"type":null}`), 400, "must be a string"},
		{"json type twice", request("POST", "/share", jsonType, `{"type":"twitter","type":"twitter"}`), 400, "once"},
		{"json both", request("POST", "/share", jsonType, `{"type":"twitter","issue":"privacy"}`), 400, "once"},
		{"json not closed", request("POST", "/share", jsonType, `{"type":"twitter"`), 400, "JSON object"},
		{"json with a rest", request("POST", "/share", jsonType, `{"type":"twitter"}x`), 400, "more than one"},
		{"deep json", request("POST", "/share", jsonType, `{"type":"twitter","x":`+strings.Repeat("[", 2000)+strings.Repeat("]", 2000)+"}"), 204, "share:twitter"},
		{"too deep to close", request("POST", "/share", jsonType, strings.Repeat(`{"type":`, 500)), 400, "JSON object"},
		{"huge number", request("POST", "/share", jsonType, `{"type":"twitter","x":1e999999,"y":`+strings.Repeat("9", 3000)+"}"), 204, "share:twitter"},
		{"huge number as type", request("POST", "/share", jsonType, `{"type":`+strings.Repeat("9", 3000)+"}"), 400, "must be a string"},
		{"no UTF-8", request("POST", "/share", jsonType, "{\"type\":\"twitter\xff\"}"), 400, "not one of"},
		{"half a surrogate", request("POST", "/share", jsonType, `{"type":"\ud800"}`), 400, "not one of"},
		{"NUL", request("POST", "/share", jsonType, `{"type":"twitter\u0000"}`), 400, "not one of"},
		{"other case", request("POST", "/share", jsonType, `{"Type":"twitter"}`), 400, "type is missing"},
		{"json twice", request("POST", "/share", jsonType, `{"type":"twitter"}{}`), 400, "more than one"},
		{"broken form", request("POST", "/share", formType, "type=%zz"), 400, "well-formed"},
		{"two types", request("POST", "/share", formType, "type=twitter&type=facebook"), 400, "once"},
		{"type and issue", request("POST", "/share", formType, "type=twitter&issue=privacy"), 400, "once"},
		{"unknown type", request("POST", "/share", formType, "type=myspace"), 400, "twitter, facebook, privacy"},
		{"wire injection", request("POST", "/share", formType, "type=twitter%0A1.2.3.4+1+download"), 400, "not one of"},
		{"type in the query only", request("POST", "/share?type=twitter", formType, ""), 400, "type is missing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h, lines := handler(t)
			before := time.Now().Unix()
			w := ask(h, c.r)
			if w.Code != c.code {
				t.Fatalf("%d, want %d: %s", w.Code, c.code, w.Body)
			}
			got := lines()
			if c.code != 204 {
				oneSentence(t, w.Body.String(), c.says)
				if len(got) != 1 || got[0] != "" {
					t.Errorf("recorded %q", got)
				}
				return
			}
			f := strings.Fields(got[0])
			if len(got) != 1 || len(f) != 3 || f[0] != "192.0.2.1" || f[2] != c.says || w.Body.Len() > 0 {
				t.Errorf("recorded %q, want 192.0.2.1, now, %s; answered %q", got, c.says, w.Body)
			}
			if sec, _ := json.Number(f[1]).Int64(); sec < before || sec > time.Now().Unix() {
				t.Errorf("recorded at %s, which is not now", f[1])
			}
		})
	}
}

func chunked(r *http.Request) *http.Request {
	r.ContentLength = -1
	return r
}

var sentence = regexp.MustCompile(`^[a-z][^\n.]{10,130}\n$`)

func oneSentence(t *testing.T, body, says string) {
	t.Helper()
	if !sentence.MatchString(body) || !strings.Contains(body, says) {
		t.Errorf("answered %q, want one sentence with %q", body, says)
	}
}

func TestAnswersInJSON(t *testing.T) {
	h, _ := handler(t)
	w := ask(h, request("POST", "/share", formType, "", "Accept", "application/json"))
	var a struct{ Error string }
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil || a.Error == "" || w.Header().Get("Content-Type") != "application/json" {
		t.Errorf("%v: %q", err, w.Body)
	}
}

func TestMethodNotAllowedSaysWhatIs(t *testing.T) {
	h, _ := handler(t)
	if a := ask(h, request("PUT", "/share", "", "")).Header().Get("Allow"); a != "OPTIONS, POST" {
		t.Errorf("Allow: %q", a)
	}
}

func TestForwardedAddressIsRecorded(t *testing.T) {
	h, lines := handler(t)
	ask(h, request("POST", "/share", formType, "type=twitter", "X-Forwarded-For", "8.8.8.8, 2001:DB8::7"))
	if got := lines(); !strings.HasPrefix(got[0], "2001:db8::7 ") {
		t.Errorf("recorded %q", got)
	}
}

func TestTooMany(t *testing.T) {
	h, _ := handler(t)
	h.Rate = limit.NewRate(0.1, 2)
	for _, want := range []int{204, 400, 429, 429} {
		body := map[int]string{204: "type=twitter", 400: "", 429: "type=twitter"}[want]
		w := ask(h, request("POST", "/share", formType, body))
		if w.Code != want {
			t.Fatalf("%d, want %d", w.Code, want)
		}
		if after := w.Header().Get("Retry-After"); want == 429 && after != "10" {
			t.Errorf("Retry-After %q, want 10", after)
		}
	}
}

func TestStopping(t *testing.T) {
	h, _ := handler(t)
	h.Spool.Close()
	w := ask(h, request("POST", "/share", formType, "type=twitter"))
	if w.Code != 503 || w.Header().Get("Retry-After") == "" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	oneSentence(t, w.Body.String(), "stopping")
}

func TestOrigins(t *testing.T) {
	const page, other = "https://glow.example.org", "https://evil.example.org"
	for _, c := range []struct {
		name    string
		allowed []string
		origin  string
		code    int
		allow   string // Access-Control-Allow-Origin
	}{
		{"none, and none set", nil, "", 204, ""},
		{"own host", nil, "http://example.com", 204, ""},
		{"none set", nil, page, 403, ""},
		{"listed", []string{"https://x.example.org", page}, page, 204, page},
		{"not listed", []string{page}, other, 403, ""},
		{"longer", []string{page}, page + ".evil.org", 403, ""},
		{"http for https", []string{page}, "http://glow.example.org", 403, ""},
		{"any", []string{"*"}, other, 204, "*"},
		{"file", []string{page}, "null", 403, ""},
		{"file listed", []string{"null"}, "null", 204, "null"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h, _ := handler(t, c.allowed...)
			for method, kind := range map[string]string{"POST": formType, "OPTIONS": ""} {
				r := request(method, "/share", kind, "type=twitter")
				if c.origin != "" {
					r.Header.Set("Origin", c.origin)
				}
				w := ask(h, r)
				if got := w.Header().Get("Access-Control-Allow-Origin"); w.Code != c.code || got != c.allow {
					t.Errorf("%s: %d %q, want %d %q", method, w.Code, got, c.code, c.allow)
				}
				if c.allow != "*" && w.Header().Get("Vary") != "Origin" {
					t.Errorf("%s: a cache would give this answer to other origins", method)
				}
				if method == "OPTIONS" && c.code == 204 && w.Header().Get("Access-Control-Allow-Headers") != "Content-Type" {
					t.Errorf("preflight: %v", w.Header())
				}
			}
		})
	}
}

func TestRefusalsCanBeReadAcrossOrigins(t *testing.T) {
	h, _ := handler(t, "*")
	if w := ask(h, request("POST", "/share", formType, "", "Origin", "https://glow.example.org")); w.Code != 400 || w.Header().Get("Access-Control-Allow-Origin") != "*" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}

func TestBadSettings(t *testing.T) {
	for _, names := range [][]string{nil, {""}, {"Twitter"}, {"a b"}, {strings.Repeat("x", 27)}} {
		if _, err := ParseTypes(names); err == nil {
			t.Errorf("types %q accepted", names)
		}
	}
	for _, s := range []string{"", "glow.example.org", "https://glow.example.org/", "https://", "*.example.org"} {
		if _, err := ParseOrigins([]string{s}); err == nil {
			t.Errorf("origin %q accepted", s)
		}
	}
}
