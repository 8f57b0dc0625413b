package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/glowmap/glow/internal/keys"
)

func TestOnceArchivesEveryRowOnce(t *testing.T) {
	t.Parallel()
	st := newStage(t)
	st.once()
	if on := st.redis.HGet(t.Context(), ns.Meta(), keys.MetaArchive).Val(); on != keys.On {
		t.Fatalf("archive is %q", on)
	}
	st.check()
	st.append(events(1, 5000, 3), 100)
	out := st.once("--max-rows", "1200")
	st.check()
	if !strings.Contains(out, "archiver: 5000 events, 5 segments") {
		t.Errorf("summary:\n%s", out)
	}
	before := st.files()
	st.once()
	st.check()
	if after := st.files(); !slices.Equal(before, after) {
		t.Errorf("files were %v and are %v", before, after)
	}
	st.append(events(2, 300, 1), 7)
	st.once()
	st.check()
	if n := st.redis.XLen(t.Context(), ns.Located()).Val(); n != 0 {
		t.Errorf("%d entries are left", n)
	}
}
