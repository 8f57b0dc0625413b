package share

import (
	"net/http"
	"strings"
	"testing"
)

// sink is an answer that nobody keeps.
type sink struct {
	header http.Header
	code   int
}

func (s *sink) Header() http.Header         { return s.header }
func (s *sink) Write(b []byte) (int, error) { return len(b), nil }
func (s *sink) WriteHeader(code int)        { s.code = code }

// body is a request's body that is read anew each time.
type body struct{ strings.Reader }

func (*body) Close() error { return nil }

// What a request costs in allocations, without the HTTP server's own: exactly
// so many, from the body to the disk and back.
func TestHandlerAllocations(t *testing.T) {
	for _, c := range []struct {
		name, path, kind, body string
		code                   int
		want                   float64
	}{
		{"a share in a form", "/share", formType, "type=twitter", 204, 18},
		{"a share in JSON", "/share", jsonType, `{"type":"twitter"}`, 204, 39},
		{"an unknown type", "/share", formType, "type=x", 400, 17},
		{"too long", "/share", formType, strings.Repeat("x", MaxBody+1), 413, 9},
		{"elsewhere", "/", formType, "", 404, 7},
	} {
		h, _ := handler(t)
		r := request("POST", c.path, c.kind, c.body)
		w, text := &sink{header: http.Header{}}, &body{}
		r.Body = text
		n := testing.AllocsPerRun(50, func() {
			text.Reset(c.body)
			clear(w.header)
			h.ServeHTTP(w, r)
		})
		if n != c.want || w.code != c.code {
			t.Errorf("%s: %v allocations, want %v; answered %d", c.name, n, c.want, w.code)
		}
	}
}

func BenchmarkHandler(b *testing.B) {
	h, _ := handler(b)
	r := request("POST", "/share", formType, "")
	w, text := &sink{header: http.Header{}}, &body{}
	r.Body = text
	b.ReportAllocs()
	for b.Loop() {
		text.Reset("type=twitter")
		h.ServeHTTP(w, r)
	}
	if w.code != http.StatusNoContent {
		b.Errorf("answered %d", w.code)
	}
}
