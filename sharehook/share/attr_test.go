package share

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/glowmap/glow/tailer/parse"
)

// What is asked for of a share's fields is recorded, sorted and escaped; what
// does not fit or is no scalar is left out, and the share counts all the same.
func TestAttrsAreRecorded(t *testing.T) {
	h, lines := handler(t)
	var err error
	if h.Attrs, err = parse.ParseAttrs("page=path,lang"); err != nil {
		t.Fatal(err)
	}
	shares := []struct{ kind, body, want string }{
		{formType, "type=twitter&path=%2Fa%20b&lang=fr&lang=de&x=1", " lang=fr&page=%2Fa%20b"},
		{formType, "type=twitter", ""},
		{formType, "type=twitter&lang=", " lang="},
		{formType, "type=twitter&path=" + strings.Repeat("%20", 300) + "&lang=fr", " lang=fr"},
		{jsonType, `{"path":"/ü","type":"twitter","lang":"fr","lang":"de"}`, " lang=fr&page=%2F%C3%BC"},
		{jsonType, `{"type":"twitter","lang":-1.5,"path":true}`, " lang=-1.5&page=true"},
		{jsonType, `{"type":"twitter","lang":null,"path":["a"]}`, ""},
		{jsonType, `{"lang":{"type":"x"},"type":"twitter"}`, ""},
	}
	for _, s := range shares {
		w := httptest.NewRecorder()
		if h.ServeHTTP(w, request("POST", "/share", s.kind, s.body)); w.Code != 204 {
			t.Errorf("%s: %d %s", s.body, w.Code, w.Body)
		}
	}
	for i, line := range lines() {
		if _, attrs, _ := strings.Cut(line, " share:twitter"); attrs != shares[i].want {
			t.Errorf("%s gave %q, want %q", shares[i].body, line, shares[i].want)
		}
	}
}
