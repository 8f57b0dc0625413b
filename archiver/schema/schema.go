// Package schema is the document archive.json, which says what of the
// attributes of events is kept:
//
//	{
//	  "v": 1,
//	  "description": "what we want to know of downloads",
//	  "attributes": {
//	    "os":   {"allow": ["win", "mac", "linux"], "other": true},
//	    "year": {"range": [2000, 2100]},
//	    "lang": {"allow": "*", "deny": ["test"], "max": 16},
//	    "*":    {"allow": "*"}
//	  }
//	}
//
// Attributes that it does not name are not kept, unless there is a rule "*" for
// them. A value that a rule does not allow is stored as OTHER if the rule says
// "other": true, and else not at all (null), which is counted under a reason;
// the row always stays. Rules have:
//
//	allow     a list of values, or "*" for any
//	range     [least, most] of a decimal integer instead; null for no bound
//	deny      values that are not allowed after all, with "*" or a range
//	other     true: what is not allowed becomes OTHER
//	max       longest value in bytes, at most 256; 64 if not given
//	distinct  most different values in one segment, at most 100000; 10000 if
//	          not given. Beyond it values become OTHER: a valve for mistakes
//	          upstream, not a statistic, as it depends on what came first
//	missing   true: as a filter, rows without the value match too
//
// The same document is a filter of rows: then it may also say
//
//	types     a list of types; a star at the end stands for any rest: "share:*"
//	from, to  a date, or a date and time, in RFC 3339; to is not included
//	where     rules of the columns continent, country, region (allow, deny,
//	          missing) and cell, lat, lon (range, missing; degrees)
//
// and a rule of an attribute lets rows pass whose value is one that it allows
// or, with "other": true, OTHER.
package schema

import "github.com/glowmap/glow/internal/event"

const (
	// Other is what a value becomes that is not allowed where a rule says so.
	Other = "OTHER"
	// MaxKeys is how many attributes may be stored by the rule "*" in one
	// segment, and the most that a document may name.
	MaxKeys = 64

	maxValue     = 256
	usualMax     = 64
	maxDistinct  = 100000
	usualBreadth = 10000
	maxList      = 10000
)

// Reasons why a value is not stored as it came.
const (
	Unknown  = "unknown"  // no rule for its attribute
	Unlisted = "unlisted" // not in the list, or denied
	Range    = "range"    // a number outside the range
	Number   = "number"   // no number, where a range is wanted
	Long     = "long"     // longer than max
	Distinct = "distinct" // became OTHER, as the segment has too many different ones
	Keys     = "keys"     // more than MaxKeys attributes without a rule of their own
)

// Reasons are all of them.
var Reasons = []string{Distinct, Keys, Long, Number, Range, Unknown, Unlisted}

// Schema says what is kept. It does not change and may be shared.
type Schema struct {
	rules map[string]*rule
	rest  *rule // of attributes without a rule of their own; nil: they are not kept
}

// Default keeps every attribute, up to MaxKeys of them, as it comes.
func Default() *Schema {
	return &Schema{rest: &rule{any: true, max: event.MaxAttrs, distinct: maxDistinct}}
}

// Parse reads archive.json. Its errors say where and what, and what would do.
func Parse(b []byte) (*Schema, error) {
	d, err := read(b, false)
	if err != nil {
		return nil, err
	}
	return &Schema{d.attributes, d.rest}, nil
}
