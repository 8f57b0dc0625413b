// Package sample prepares dropped lines to be shown to operators: no IP
// address, nothing that upsets a terminal, never long.
package sample

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Max is the longest sample, in bytes.
const Max = 200

// Mask makes a line fit to be shown: every digit becomes '#', and so does
// every hexadecimal letter of a word with two colons or more, which may be an
// IPv6 address; what cannot be printed becomes '?'; and it is cut to [Max] bytes.
func Mask(line []byte) string {
	var b strings.Builder
	for line = line[:min(len(line), 2*Max)]; len(line) > 0 && b.Len() < Max; {
		n := wordEnd(line)
		maskWord(&b, line[:n])
		line = line[n:]
	}
	return cut(b.String())
}

// wordEnd is the length of the word that b begins with, or else 1 rune.
func wordEnd(b []byte) int {
	n := 0
	for n < len(b) && (b[n] == ':' || b[n] == '.' || b[n] >= '0' && b[n] <= '9' || b[n]|0x20 >= 'a' && b[n]|0x20 <= 'z') {
		n++
	}
	if n == 0 {
		_, n = utf8.DecodeRune(b)
	}
	return n
}

func maskWord(b *strings.Builder, word []byte) {
	colons := strings.Count(string(word), ":")
	for len(word) > 0 {
		r, n := utf8.DecodeRune(word)
		word = word[n:]
		switch {
		case unicode.IsDigit(r), colons >= 2 && r < 0x80 && r|0x20 >= 'a' && r|0x20 <= 'f':
			b.WriteByte('#')
		case r == utf8.RuneError, !unicode.IsPrint(r):
			b.WriteByte('?')
		default:
			b.WriteRune(r)
		}
	}
}

func cut(s string) string {
	if len(s) <= Max {
		return s
	}
	n := Max
	for !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
