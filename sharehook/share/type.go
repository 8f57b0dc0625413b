package share

import (
	"errors"
	"fmt"
	"strings"

	"github.com/glowmap/glow/internal/event"
)

// Types are the networks whose shares are counted.
type Types struct {
	events map[string]string // "twitter" → "share:twitter"
	list   string            // for people
}

// ParseTypes checks the names of networks: lower-case letters, digits, colons,
// dashes and underscores, at most 26 of them. A share on twitter becomes an
// event of type "share:twitter".
func ParseTypes(names []string) (Types, error) {
	t := Types{events: map[string]string{}}
	for _, name := range names {
		name = strings.TrimSpace(name)
		typ := "share:" + name
		if name == "" || !event.ValidType([]byte(typ)) {
			return Types{}, fmt.Errorf("%q: want up to 26 lower-case letters, digits, dashes, underscores or colons", name)
		}
		if t.events[name] == "" && t.list != "" {
			t.list += ", "
		}
		if t.events[name] == "" {
			t.list += name
		}
		t.events[name] = typ
	}
	if len(t.events) == 0 {
		return Types{}, errors.New("name at least one network, as in twitter,facebook")
	}
	return t, nil
}
