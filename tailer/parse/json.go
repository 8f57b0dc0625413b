package parse

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// JSONKeys are the names under which a JSON line holds its fields. A dot goes
// down into an object: "request.remote_ip". An empty name stands for the
// field's own: ip, time, type, status, request.
type JSONKeys struct{ IP, Time, Type, Status, Request string }

// ParseJSONKeys reads "ip=remote_addr,time=ts".
func ParseJSONKeys(s string) (JSONKeys, error) {
	var k JSONKeys
	for _, pair := range strings.Split(s, ",") {
		if pair == "" {
			continue
		}
		name, key, ok := strings.Cut(pair, "=")
		at := map[string]*string{"ip": &k.IP, "time": &k.Time, "type": &k.Type, "status": &k.Status, "request": &k.Request}[name]
		if !ok || at == nil || key == "" {
			return k, fmt.Errorf("%q: want pairs such as ip=remote_addr,time=ts of ip, time, type, status and request", pair)
		}
		*at = key
	}
	return k, nil
}

type jsonKeys struct{ ip, time, kind, status, request []string }

func (k JSONKeys) split() jsonKeys {
	path := func(key, usual string) []string {
		if key == "" {
			key = usual
		}
		return strings.Split(key, ".")
	}
	return jsonKeys{path(k.IP, "ip"), path(k.Time, "time"), path(k.Type, "type"), path(k.Status, "status"), path(k.Request, "request")}
}

func (p *Parser) jsonFields(line []byte, r *record) Reason {
	var object map[string]json.RawMessage
	if line[0] != '{' || json.Unmarshal(line, &object) != nil {
		return Format
	}
	r.ip, r.time = scalar(object, p.keys.ip), scalar(object, p.keys.time)
	if r.ip == nil || r.time == nil {
		return Format
	}
	if kind := scalar(object, p.keys.kind); len(kind) > 0 {
		r.kind = kind
	}
	r.status, r.request = scalar(object, p.keys.status), scalar(object, p.keys.request)
	r.hasRequest = r.request != nil
	for i, path := range p.attrs.paths {
		p.attrs.found[i] = attribute(object, path)
	}
	return OK
}

// attribute is a scalar, or true or false.
func attribute(object map[string]json.RawMessage, path []string) []byte {
	raw := member(object, path)
	if len(raw) > 0 && (raw[0] == 't' || raw[0] == 'f') {
		return raw
	}
	return scalar(object, path)
}

// scalar returns the text of a string or a number, nil if there is none.
func scalar(object map[string]json.RawMessage, path []string) []byte {
	raw := member(object, path)
	switch {
	case len(raw) == 0:
		return nil
	case raw[0] == '"':
		var s string
		_ = json.Unmarshal(raw, &s) // it was read as valid above
		return []byte(s)
	case raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9':
		return raw
	}
	return nil
}

// member is what stands in the innermost object, nil if there is none.
func member(object map[string]json.RawMessage, path []string) []byte {
	for ; len(path) > 1; path = path[1:] {
		var inner map[string]json.RawMessage
		if json.Unmarshal(object[path[0]], &inner) != nil {
			return nil
		}
		object = inner
	}
	return bytes.TrimSpace(object[path[0]])
}
