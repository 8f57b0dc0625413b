package task

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/glowmap/glow/internal/snapshot"
)

// Statuses are those that an operator may announce.
var Statuses = []string{snapshot.Live, snapshot.Paused, snapshot.Ended}

// maxMessage keeps latest.json small.
const maxMessage = 400

// CheckStatus says whether a status may be announced.
func CheckStatus(s string) error {
	if !slices.Contains(Statuses, s) {
		return fmt.Errorf("%q: want %s", s, strings.Join(Statuses, ", "))
	}
	return nil
}

// CheckMessage says whether a message can be shown.
func CheckMessage(s string) error {
	switch {
	case len(s) > maxMessage:
		return fmt.Errorf("%d bytes: want at most %d", len(s), maxMessage)
	case !utf8.ValidString(s), strings.ContainsFunc(s, unicode.IsControl):
		return fmt.Errorf("%.40q: want one line of text", s)
	}
	return nil
}
