// Package sample prepares dropped lines to be shown to operators: no IP
// address, nothing that upsets a terminal, never long.
package sample

import (
	"strings"
	"unicode/utf8"
)

// Max is the longest sample, in bytes, before what it ends with if it was cut.
const Max = 200

// Mask returns the beginning of a line, with all that may be an IP address
// replaced by "x" (any run of hexadecimal digits, dots and colons that has two
// dots or two colons, so some times of day go too) and all that is no
// printable text by "�".
func Mask(line []byte) string {
	cut := len(line) > Max
	if cut {
		// Up to the end of the run that is cut: half an address is masked whole.
		end := Max
		for end < len(line) && end < 2*Max && inAddress(line[end]) {
			end++
		}
		line = line[:end]
	}
	var b strings.Builder
	for len(line) > 0 {
		n := 0
		for n < len(line) && inAddress(line[n]) {
			n++
		}
		if n > 0 {
			b.WriteString(maskRun(string(line[:n])))
			line = line[n:]
			continue
		}
		r, size := utf8.DecodeRune(line)
		if r < ' ' || r >= 0x7f && r < 0xa0 || r == utf8.RuneError {
			r = utf8.RuneError
		}
		b.WriteRune(r)
		line = line[size:]
	}
	if cut {
		b.WriteString("…")
	}
	return b.String()
}

func inAddress(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F' || c == '.' || c == ':'
}

func maskRun(run string) string {
	if strings.Count(run, ".") < 2 && strings.Count(run, ":") < 2 {
		return run
	}
	return "x"
}
