package flow

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Meter turns states into one line each.
type Meter struct {
	Colour bool
	past   []mark
	gone   int64 // written, at the last line
	when   time.Time
}

// mark is how many lines had been written at a moment.
type mark struct {
	at      time.Time
	written int64
}

// Mark notes how many lines had been written at a moment; often, so that
// [Meter.Lag] is exact.
func (m *Meter) Mark(now time.Time, written int64) {
	if n := len(m.past); n == 0 || m.past[n-1].written != written {
		m.past = append(m.past, mark{now, written})
	}
}

// Lag is how long ago the oldest line was written that is not among the first
// done ones; 0 if all are.
func (m *Meter) Lag(now time.Time, done int64) time.Duration {
	for len(m.past) > 0 && m.past[0].written <= done {
		m.past = m.past[1:]
	}
	if len(m.past) == 0 {
		return 0
	}
	return now.Sub(m.past[0].at)
}

// Line is the line of one moment. written < 0 means that nobody knows.
func (m *Meter) Line(now time.Time, written int64, s State) string {
	var b strings.Builder
	b.WriteString(now.Format("15:04:05"))
	if written >= 0 {
		b.WriteString(m.part("33", Commas(written)+" written"))
		if !m.when.IsZero() {
			fmt.Fprintf(&b, " (%s/s)", Commas(int64(float64(written-m.gone)/now.Sub(m.when).Seconds()+0.5)))
		}
		m.gone, m.when = written, now
	}
	b.WriteString(m.part("36", Commas(s.Queued)+" queued"))
	b.WriteString(m.part("35", Commas(s.Counted)+" counted"))
	b.WriteString(m.part("32", Commas(s.Published)+" published"))
	if n := s.Dropped(); n > 0 {
		b.WriteString(m.part("31", Commas(n)+" dropped"))
	}
	if written >= 0 {
		b.WriteString(m.part("2", fmt.Sprintf("lag %.1f s", m.Lag(now, s.Published+s.Dropped()).Seconds())))
	}
	return b.String()
}

func (m *Meter) part(colour, text string) string {
	if !m.Colour {
		return "  " + text
	}
	return "  \x1b[" + colour + "m" + text + "\x1b[0m"
}

// Commas writes a number in groups of three digits.
func Commas(n int64) string {
	text := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, text = "-", text[1:]
	}
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return sign + text
}
