// Package term writes for people: colours where there is a terminal that wants
// them, columns, durations, and no control characters from outside.
package term

import (
	"fmt"
	"os"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/sys/unix"
)

// Colour is what a text looks like on a terminal.
type Colour string

// The colours, by what they say.
const (
	Good  Colour = "\x1b[32m"
	Warn  Colour = "\x1b[33m"
	Bad   Colour = "\x1b[31m"
	Bold  Colour = "\x1b[1m"
	Faint Colour = "\x1b[2m"

	plain = "\x1b[0m"
)

// Is says whether f is a terminal.
func Is(f *os.File) bool {
	_, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	return err == nil
}

// Rows is the height of a terminal in lines, 0 if it is not known.
func Rows(f *os.File) int {
	size, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return 0
	}
	return int(size.Row)
}

// Coloured says whether what goes to f is to be coloured: on a terminal,
// unless NO_COLOR is set (https://no-color.org) or the terminal is a dumb one.
func Coloured(f *os.File) bool {
	return Is(f) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

// Page is text for people in the making.
type Page struct {
	Colours bool
	b       strings.Builder
}

// Paint colours a text, where there are colours.
func (p *Page) Paint(c Colour, text string) string {
	if !p.Colours || text == "" {
		return text
	}
	return string(c) + text + plain
}

// Line writes a line. What comes from outside must have passed [Clean].
func (p *Page) Line(words ...string) {
	p.b.WriteString(strings.TrimRight(strings.Join(words, " "), " "))
	p.b.WriteByte('\n')
}

// Fact writes a line that begins with a title, padded so that facts align.
func (p *Page) Fact(title string, text ...string) {
	p.Line(append([]string{p.Paint(Bold, Pad(title, 11))}, text...)...)
}

// String is all that was written.
func (p *Page) String() string { return p.b.String() }

// Pad fills text with blanks up to a width in runes.
func Pad(text string, width int) string {
	return text + strings.Repeat(" ", max(0, width-utf8.RuneCountInString(text)))
}

// maxText is how much of a text from outside is shown.
const maxText = 200

// Clean makes a text from outside fit to be shown: what a terminal would obey
// becomes "?", and what is very long is cut.
func Clean(text string) string {
	n := 0
	clean := strings.Map(func(r rune) rune {
		if n++; n > maxText {
			return -1
		}
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, text[:min(len(text), 4*maxText)])
	if n > maxText || len(text) > 4*maxText {
		clean += "…"
	}
	return clean
}

// Span is a duration in one or two units: "0.4 s", "83 s", "12 min", "5 h", "3 days".
func Span(d time.Duration) string {
	switch {
	case d < 0:
		return "-" + Span(-d)
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < 2*time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < 2*time.Hour:
		return fmt.Sprintf("%.0f min", d.Minutes())
	case d < 48*time.Hour:
		return fmt.Sprintf("%.0f h", d.Hours())
	}
	return fmt.Sprintf("%.0f days", d.Hours()/24)
}

// Count is a number with its thousands apart: "7,817,659".
func Count[N int | int64 | uint64](n N) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Many is a number of things: "1 entry", "3 entries".
func Many[N int | int64](n N, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return Count(n) + " " + more
}

// Bytes is a size: "512 B", "6.7 KB", "1.2 GB".
func Bytes(n int64) string {
	const units = "KMGT"
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	f, i := float64(n)/1024, 0
	for f >= 1000 && i < len(units)-1 {
		f, i = f/1024, i+1
	}
	return fmt.Sprintf("%.1f %cB", f, units[i])
}
