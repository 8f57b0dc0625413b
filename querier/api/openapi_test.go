//go:build cgo

package api

import (
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// document is the OpenAPI document, and its schemas, compiled.
type document struct {
	*testing.T
	Paths map[string]map[string]struct {
		Responses map[string]struct {
			Content map[string]struct {
				Schema map[string]any
			}
		}
	}
	compiler *jsonschema.Compiler
}

func readDocument(t *testing.T) *document {
	t.Helper()
	d := &document{T: t, compiler: jsonschema.NewCompiler()}
	all, err := jsonschema.UnmarshalJSON(strings.NewReader(string(openapi)))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(openapi, d); err != nil {
		t.Fatal(err)
	}
	d.compiler.AssertFormat()
	if err := d.compiler.AddResource("openapi.json", all); err != nil {
		t.Fatal(err)
	}
	return d
}

// valid holds a text against a schema of the document.
func (d *document) valid(name, text string) error {
	d.Helper()
	schema, err := d.compiler.Compile("openapi.json#/components/schemas/" + name)
	if err != nil {
		d.Fatal(err)
	}
	v, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		return err
	}
	return schema.Validate(v)
}

// The document says of each endpoint what it answers: every status that comes
// is there, and every answer has the form that it says.
func TestOpenAPI(t *testing.T) {
	d := readDocument(t)
	a, token := inside(t, random(t), "*", func(s *Settings) { s.MaxRows = 1000 })
	q := func(text string) string { return "/v1/query?q=" + url.QueryEscape(text) }
	status := map[string]bool{}
	for _, c := range []struct{ method, path, body, accept, endpoint, schema string }{
		{"GET", "/v1/keys", "", "", "/v1/keys", "keys"},
		{"GET", "/v1/keys", "", "image/png", "/v1/keys", "error"},
		{"GET", q(`{"keys":["download"],"every":"1d","by":["os","hour"],"limit":3}`), "", "", "/v1/query", "answer"},
		{"GET", q(`{"keys":["download","share:twitter"],"by":["country","lang"]}`), "", "*/*", "/v1/query", "answer"},
		{"GET", q(`{"keys":["download"]}`), "", "text/csv", "/v1/query", ""},
		{"GET", q(`{"keys":["nothing"]}`), "", "", "/v1/query", "error"},
		{"POST", "/v1/query", `{"keys":["download"],"where":{"hour":[1,2]}}`, "", "/v1/query", "answer"},
		{"POST", "/v1/query", `{"every":"1m"}`, "", "/v1/query", "error"},
		{"POST", "/v1/query", strings.Repeat(" ", 1<<17), "", "/v1/query", "error"},
		{"POST", "/v1/query", `{"keys":["download"],"by":["cell","lang","os","hour"],"every":"1h"}`, "", "/v1/query", "error"},
		{"PUT", "/v1/query", "", "", "/v1/query", "error"},
		{"GET", "/v1/openapi.json", "", "", "/v1/openapi.json", ""},
	} {
		got := a.ask(c.method, c.path, c.body, token, "Accept: "+c.accept)
		method := strings.ToLower(c.method)
		if method == "put" {
			method = "post"
		}
		said, ok := d.Paths[c.endpoint][method].Responses[strconv.Itoa(got.StatusCode)]
		kind, _, _ := strings.Cut(got.Header.Get("Content-Type"), ";")
		if _, has := said.Content[kind]; !ok || !has {
			t.Errorf("%s %s: the document does not know %s of %s", c.method, c.path, got.Status, kind)
		}
		if c.schema != "" {
			if err := d.valid(c.schema, got.body); err != nil {
				t.Errorf("%s %s: %v\n%s", c.method, c.path, err, got.body)
			}
		}
		status[strconv.Itoa(got.StatusCode)] = true
	}
	for _, want := range []string{"200", "400", "405", "406", "413"} {
		if !status[want] {
			t.Errorf("nothing was answered with %s", want)
		}
	}
	var paths []string
	for path := range d.Paths {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	if want := []string{"/v1/keys", "/v1/models", "/v1/models/{name}", "/v1/openapi.json", "/v1/query"}; !slices.Equal(paths, want) {
		t.Errorf("the document has %v, the API %v", paths, want)
	}
}

// The document takes the questions that the parser takes.
func TestQuestionSchema(t *testing.T) {
	d := readDocument(t)
	for text, want := range map[string]bool{
		`{"keys":["download"],"where":{"continent":"EU","os":["win",null],"lat":{"min":35,"max":71.5},"not":{"country":"DE"}},"from":"2026-03-24","to":1774744200,"every":"1h","by":["country"],"order":"-n","limit":20}`: true,
		`{"keys":"download","every":null}`:             true,
		`{}`:                                           false,
		`{"keys":["download"],"every":"2h"}`:           false,
		`{"keys":["download"],"key":1}`:                false,
		`{"keys":["download"],"where":{"country":[]}}`: false,
	} {
		if err := d.valid("question", text); (err == nil) != want {
			t.Errorf("%s: %v", text, err)
		}
	}
}
