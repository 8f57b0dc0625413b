package share

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"os"
)

// MaxBody is the longest request body, in bytes.
const MaxBody = 4 << 10

// read finds the network's name in the request's body: the field "type" or, as
// the page of 2014 sends it, "issue". The answer is done if it is there; then
// attrs are the attributes in the body.
func (l Attrs) read(w http.ResponseWriter, r *http.Request) (name string, attrs []byte, a answer) {
	fields, a := parser(r.Header)
	if a != done {
		return "", nil, a
	}
	body, a := readAll(w, r)
	if a != done {
		return "", nil, a
	}
	v, err := fields(l, body)
	if name, a = pick(v, err); a == done {
		attrs = l.attributes(v)
	}
	return name, attrs, a
}

func readAll(w http.ResponseWriter, r *http.Request) ([]byte, answer) {
	if r.ContentLength > MaxBody {
		return nil, tooLarge()
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	if tooLong := (*http.MaxBytesError)(nil); errors.As(err, &tooLong) {
		return nil, tooLarge()
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return nil, refuse(http.StatusRequestTimeout, "the body did not arrive in time")
	}
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "the body ended early")
	}
	return body, done
}

func tooLarge() answer {
	return refuse(http.StatusRequestEntityTooLarge, "the body is longer than 4096 bytes")
}

// parser chooses by Content-Type how to read the body.
func parser(h http.Header) (func(Attrs, []byte) (url.Values, error), answer) {
	if e := h.Get("Content-Encoding"); e != "" && e != "identity" {
		return nil, refuse(http.StatusUnsupportedMediaType, "the body must not be compressed")
	}
	switch kind, _, _ := mime.ParseMediaType(h.Get("Content-Type")); kind {
	case "application/x-www-form-urlencoded":
		return Attrs.form, done
	case "application/json":
		return Attrs.object, done
	default:
		return nil, refuse(http.StatusUnsupportedMediaType, "the body must be application/x-www-form-urlencoded or application/json")
	}
}

func (Attrs) form(body []byte) (url.Values, error) {
	v, err := url.ParseQuery(string(body))
	if err != nil {
		err = errors.New("the body is not a well-formed form")
	}
	return v, err
}

// object reads a JSON object's "type" and "issue", and what may be attributes,
// each as often as it is there; its other fields may be anything.
func (l Attrs) object(body []byte) (url.Values, error) {
	broken := errors.New("the body is not a JSON object")
	d := json.NewDecoder(bytes.NewReader(body))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return nil, broken
	}
	v := url.Values{}
	for d.More() {
		key, err := d.Token()
		var raw json.RawMessage
		if err != nil || d.Decode(&raw) != nil {
			return nil, broken
		}
		if key != "type" && key != "issue" {
			l.add(v, key.(string), raw)
			continue
		}
		var s *string
		if json.Unmarshal(raw, &s) != nil || s == nil {
			return nil, fmt.Errorf("the field %s must be a string", key)
		}
		v.Add(key.(string), *s)
	}
	if _, err := d.Token(); err != nil {
		return nil, broken
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, errors.New("the body holds more than one JSON object")
	}
	return v, nil
}

// pick takes the one name out of the fields of a body.
func pick(v url.Values, err error) (string, answer) {
	if err != nil {
		return "", refuse(http.StatusBadRequest, err.Error())
	}
	switch names := append(v["type"], v["issue"]...); len(names) {
	case 0:
		return "", refuse(http.StatusBadRequest, "the field type is missing")
	case 1:
		return names[0], done
	default:
		return "", refuse(http.StatusBadRequest, "the type must be given once, as type or as issue")
	}
}
