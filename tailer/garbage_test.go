package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/glowmap/glow/internal/redistest"
)

// Lines of any bytes are counted or dropped, and memory stays flat.
func TestGarbage(t *testing.T) {
	s := redistest.Start(t)
	log := filepath.Join(t.TempDir(), "access.log")
	f, err := os.Create(log)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Seek(256<<20, 0); err != nil { // so many NULs first
		t.Fatal(err)
	}
	b := bufio.NewWriter(f)
	const good, bad = 20_000, 20_001
	for i := range good {
		b.WriteString(chaosLine(i))
		b.Write(garbage(i))
		b.WriteByte('\n')
	}
	for range 300 { // one line of 300 MB
		b.Write(bytes.Repeat([]byte("x"), 1<<20))
	}
	b.WriteByte('\n')
	if err := b.Flush(); err != nil {
		t.Fatal(err)
	}
	f.Close()
	cmd := tailerCmd(t, s.URL(), "--once", log)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s", err, &stderr)
	}
	if want := fmt.Sprintf("tailer: %d lines, %d events, %d drops (", good+bad, good, bad); !strings.HasPrefix(stderr.String(), want) {
		t.Errorf("summary %s, want %s", &stderr, want)
	}
	exactly(t, s, "glow", good)
	if mb := rss(cmd.ProcessState) >> 10; mb > 200 { // a tenth of that without the race detector
		t.Errorf("it took %d MB", mb)
	}
	c := s.Client()
	defer c.Close()
	drops, err := c.HGetAll(context.Background(), "{glow}:drops").Result()
	if err != nil {
		t.Fatal(err)
	}
	for _, reason := range []string{"empty", "long", "binary", "format", "ip", "time", "type", "attrs"} {
		if drops["tailer:"+reason] == "" {
			t.Errorf("no drop as %s: %v", reason, drops)
		}
	}
}

// garbage is one line that is no event.
func garbage(i int) []byte {
	switch {
	case i%2000 == 1999:
		return bytes.Repeat([]byte{byte('a' + i%7)}, 1<<20)
	case i%9 == 0:
		return []byte("203.0.113.7\x00 1395100800")
	}
	text := []string{"", "203.0.113.7", "203.0.113.256 1395100800", "203.0.113.7 0000-01-01T00:00:00Z", "203.0.113.7 9999-12-31T23:59:59-01:00", "203.0.113.7 1 BIG", "203.0.113.7 1 a =", "\xc3\x28\xff 1"}
	if i%3 > 0 {
		return []byte(text[rand.N(len(text))])
	}
	b := make([]byte, 1+rand.N(200))
	for k := range b {
		if b[k] = byte(rand.N(256)); b[k] == '\n' {
			b[k] = 0
		}
	}
	return b
}
