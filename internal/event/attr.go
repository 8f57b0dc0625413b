package event

// ValidKey says whether b matches [a-z0-9_]{1,32}, as an attribute's key must.
func ValidKey(b string) bool {
	for _, c := range []byte(b) {
		if !(c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '_') {
			return false
		}
	}
	return len(b) >= 1 && len(b) <= 32
}

// AppendAttr appends an attribute to attrs, which holds nothing but attributes
// so far, in the one way to write it: of the value only letters, digits and
// -._~ stand as they are, all else as %XX. An attribute that would make attrs
// longer than [MaxAttrs] is left out. Keys should come in ascending order.
func AppendAttr(attrs []byte, key string, value []byte) []byte {
	n := len(attrs)
	if n > 0 {
		attrs = append(attrs, '&')
	}
	attrs = append(append(attrs, key...), '=')
	for _, c := range value {
		if len(attrs) > MaxAttrs {
			break
		}
		if plain[c] {
			attrs = append(attrs, c)
		} else {
			attrs = append(attrs, '%', hex[c>>4], hex[c&15])
		}
	}
	if len(attrs) > MaxAttrs {
		return attrs[:n]
	}
	return attrs
}

const hex = "0123456789ABCDEF"

var plain = func() (t [256]bool) {
	for _, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~") {
		t[c] = true
	}
	return t
}()
