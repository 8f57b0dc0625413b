package schema

import "strconv"

// rule says which values of an attribute or a column are allowed.
type rule struct {
	any         bool
	list        map[string]bool
	deny        map[string]bool
	numeric     bool  // a range
	least, most int64 // of a range
	other       bool
	missing     bool
	max         int
	distinct    int
}

// judge says why a value is not allowed; "" if it is.
func (r *rule) judge(value string) string {
	if len(value) > r.max {
		return Long
	}
	return r.verdict(value)
}

// verdict is judge for values that are already stored.
func (r *rule) verdict(value string) string {
	if r.deny[value] {
		return Unlisted
	}
	switch {
	case r.numeric:
		n, ok := integer(value)
		if !ok {
			return Number
		}
		if n < r.least || n > r.most {
			return Range
		}
	case !r.any && !r.list[value]:
		return Unlisted
	}
	return ""
}

// integer reads a decimal integer that is written in the one usual way.
func integer(s string) (int64, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil && strconv.FormatInt(n, 10) == s
}
