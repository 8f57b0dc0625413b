package share

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/glowmap/glow/internal/event"
)

// Whatever body comes in: a name is taken if the body has exactly one, and
// else refused in one sentence; what is recorded is a type that may be.
func FuzzBody(f *testing.F) {
	for _, s := range []string{
		"type=twitter", "issue=privacy&x=%20", `{"type":"twitter"}`, `{"type":"facebook","type":"\u0000"}`, "type=twitter;type=x", `{"TYPE":"twitter"}`,
		`{"type":"twitter","x":1e999,"y":[[[[{}]]]]}`, "{\"type\":\"\xff\"}", `{"type":"twitter"} x`, strings.Repeat("[", 4000), "type=a&issue=b", "&&=&type",
	} {
		f.Add(s, true)
		f.Add(s, false)
	}
	h, _ := handler(f)
	f.Fuzz(func(t *testing.T, body string, asForm bool) {
		kind, want := jsonType, namesInJSON
		if asForm {
			kind, want = formType, namesInForm
		}
		r := request("POST", "/share", kind, body)
		name, attrs, a := Attrs{{Name: "os", From: "x"}}.read(httptest.NewRecorder(), r)
		if len(attrs) > 0 && !event.ValidAttrs(attrs) {
			t.Fatalf("%q: attributes %q", body, attrs)
		}
		names := want(body)
		if len(body) > MaxBody {
			names = nil
		}
		if (a == done) != (len(names) == 1) || a == done && names[0] != name {
			t.Fatalf("%q: %q, %+v; want %q", body, name, a, names)
		}
		if a != done {
			oneSentence(t, a.text+"\n", "")
			return
		}
		if typ, ok := h.Types.events[name]; ok && typ != "share:"+name {
			t.Fatalf("%q became %q", name, typ)
		}
	})
}

// names gathers those in a JSON object, each time that one is there.
type names struct {
	list []string
	bad  bool
}

func (n *names) add(key string, value any) {
	if key == "type" || key == "issue" {
		s, ok := value.(string)
		n.list, n.bad = append(n.list, s), n.bad || !ok
	}
}

// namesInJSON is the names in a JSON object; none unless each is a string.
func namesInJSON(body string) []string {
	var object map[string]any
	whole := json.NewDecoder(strings.NewReader(body))
	whole.UseNumber()
	if whole.Decode(&object) != nil || object == nil {
		return nil
	}
	if _, err := whole.Token(); err != io.EOF {
		return nil
	}
	var n names
	d := json.NewDecoder(strings.NewReader(body))
	_, _ = d.Token()
	for d.UseNumber(); d.More(); { // it is well-formed
		key, _ := d.Token()
		var v any
		_ = d.Decode(&v)
		n.add(key.(string), v)
	}
	if n.bad {
		return nil
	}
	return n.list
}

// namesInForm is the names in a form; none if any pair of it is broken.
func namesInForm(body string) (names []string) {
	for _, pair := range strings.Split(body, "&") {
		k, v, _ := strings.Cut(pair, "=")
		key, err1 := url.QueryUnescape(k)
		value, err2 := url.QueryUnescape(v)
		if err1 != nil || err2 != nil || strings.Contains(pair, ";") {
			return nil
		}
		if key == "type" || key == "issue" {
			names = append(names, value)
		}
	}
	return names
}

// A page is let in if it is listed or of our own host, whatever else its
// Origin looks like, and only then may it read the answer.
func FuzzOrigin(f *testing.F) {
	f.Add("https://glow.example.org", "https://glow.example.org.evil.net", "sharehook:8484")
	f.Add("*", "null", "x")
	f.Add("null", "http://sharehook:8484", "sharehook:8484")
	f.Add("https://a.example,https://B.example", "HTTPS://b.EXAMPLE", "")
	f.Fuzz(func(t *testing.T, allowed, origin, host string) {
		list := strings.Split(allowed, ",")
		o, err := ParseOrigins(list)
		if err != nil {
			return
		}
		for i := range list {
			list[i] = strings.ToLower(strings.TrimSpace(list[i]))
		}
		h := http.Header{}
		in := o.admit(h, &http.Request{Host: host, Header: http.Header{"Origin": {origin}}})
		_, at, hasScheme := strings.Cut(origin, "://")
		own := origin == "" || hasScheme && strings.EqualFold(at, host)
		listed := slices.Contains(list, "*") || slices.Contains(list, strings.ToLower(origin))
		if in != (own || listed) {
			t.Fatalf("%q at %q with %q: let in: %v", origin, host, list, in)
		}
		if got := h.Get("Access-Control-Allow-Origin"); got != "" && (!listed || got != "*" && got != origin) {
			t.Fatalf("%q with %q: %q may read the answer", origin, list, got)
		}
	})
}

// A type that may be set is one that package event knows, and is found again.
func FuzzParseTypes(f *testing.F) {
	f.Add("twitter,facebook")
	f.Add(" a:b-c_d , a:b-c_d")
	f.Fuzz(func(t *testing.T, list string) {
		types, err := ParseTypes(strings.Split(list, ","))
		if err != nil {
			return
		}
		var b bytes.Buffer
		if err := json.NewEncoder(&b).Encode(types.list); err != nil || len(types.events) == 0 {
			t.Fatalf("%q: %v", list, types)
		}
		again, err := ParseTypes(strings.Split(types.list, ", "))
		if err != nil || len(again.events) != len(types.events) {
			t.Fatalf("%q: %q, then %q, %v", list, types.list, again.list, err)
		}
	})
}
