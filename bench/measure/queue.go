package measure

import (
	"bytes"
	"context"
	"os"
	"strings"

	"github.com/glowmap/glow/bench/proc"
)

// queued counts the events in the queue.
func queued(ctx context.Context, r *proc.Redis) (n int, err error) {
	for from := "-"; ; {
		batch, err := r.XRangeN(ctx, keySpace.Queue(), from, "+", 500).Result()
		if err != nil || len(batch) == 0 {
			return n, err
		}
		for _, e := range batch {
			text, _ := e.Values["events"].(string)
			n += 1 + strings.Count(text, "\n")
		}
		from = "(" + batch[len(batch)-1].ID
	}
}

// lines counts the lines of a file.
func lines(path string) int {
	text, _ := os.ReadFile(path)
	return bytes.Count(text, []byte("\n"))
}
