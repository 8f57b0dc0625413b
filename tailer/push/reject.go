package push

import (
	"context"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/redis/go-redis/v9"

	"github.com/glowmap/glow/internal/keys"
	"github.com/glowmap/glow/internal/rdb"
	"github.com/glowmap/glow/tailer/parse"
)

const (
	sampleMax  = 200  // bytes of a sample
	rejectsMax = 1000 // samples kept, about
)

// Rejects keeps samples of dropped lines in Redis for whoever looks into the
// settings: at most one a second for each reason, with all that could be an
// address masked. It never holds up what the daemon does.
type Rejects struct {
	Redis  *rdb.Client
	Keys   keys.Keys
	Daemon string
	last   [parse.Reasons]time.Time
	queue  chan sample
}

type sample struct{ reason, text string }

// Run sends the samples until ctx is done.
func (r *Rejects) Run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case s := <-r.queue:
			_ = r.Redis.XAdd(ctx, &redis.XAddArgs{ // best effort
				Stream: r.Keys.Rejects(), MaxLen: rejectsMax, Approx: true,
				Values: []string{"daemon", r.Daemon, "reason", s.reason, "sample", s.text},
			}).Err()
		}
	}
}

// NewRejects makes a Rejects for a daemon.
func NewRejects(redis *rdb.Client, k keys.Keys, daemon string) *Rejects {
	return &Rejects{Redis: redis, Keys: k, Daemon: daemon, queue: make(chan sample, parse.Reasons)}
}

// Add offers a dropped line.
func (r *Rejects) Add(reason parse.Reason, line []byte, now time.Time) {
	if reason == parse.Empty || now.Sub(r.last[reason]) < time.Second {
		return
	}
	r.last[reason] = now
	select {
	case r.queue <- sample{reason.String(), Mask(line)}:
	default:
	}
}

// Mask makes a line fit to be shown: every digit becomes '#', and so does
// every hexadecimal letter of a word with two colons or more, which may be an
// IPv6 address; what cannot be printed becomes '?'; and it is cut to 200 bytes.
func Mask(line []byte) string {
	var b strings.Builder
	for line = line[:min(len(line), 2*sampleMax)]; len(line) > 0 && b.Len() < sampleMax; {
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
	if len(s) <= sampleMax {
		return s
	}
	n := sampleMax
	for !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
