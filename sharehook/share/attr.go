package share

import (
	"encoding/json"
	"net/url"

	"github.com/glowmap/glow/internal/event"
	"github.com/glowmap/glow/tailer/parse"
)

// Attrs are the fields of a share that the archive gets as attributes, by name.
type Attrs []parse.Attr

// add notes a field of a JSON object if it may be an attribute and is a string,
// a number, true or false.
func (l Attrs) add(v url.Values, key string, raw json.RawMessage) {
	for _, one := range l {
		if one.From != key {
			continue
		}
		var s string
		switch c := raw[0]; {
		case c == '"':
			_ = json.Unmarshal(raw, &s) // it was read as valid
		case c == '-' || c >= '0' && c <= '9' || c == 't' || c == 'f':
			s = string(raw)
		default:
			return
		}
		v.Add(key, s)
		return
	}
}

// attributes are the event's, nil if there are none. Of a field that is there
// twice the first counts.
func (l Attrs) attributes(v url.Values) (attrs []byte) {
	for _, one := range l {
		if v.Has(one.From) {
			attrs = event.AppendAttr(attrs, one.Name, []byte(v.Get(one.From)))
		}
	}
	return attrs
}
