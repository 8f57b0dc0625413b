package main

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/internal/redistest"
	"github.com/glowmap/glow/internal/s3test"
)

// Where Redis has no disk an archive begins all the same, and that is said.
func TestBeginsWithoutADurableRedis(t *testing.T) {
	t.Parallel()
	s := redistest.Start(t, "--appendonly", "no")
	st := &stage{T: t, s: s, redis: s.Client(), target: []string{"--archive", "file://" + t.TempDir()}}
	t.Cleanup(func() { st.redis.Close() })
	st.append(events(50, 100, 1), 10)
	if out := st.once(); !strings.Contains(out, "redis cannot say that the beginning of the archive is on its disk") {
		t.Errorf("it does not say so:\n%s", out)
	}
	st.check()
	if out := st.once(); strings.Contains(out, "cannot say") {
		t.Errorf("an archive that has begun begins again:\n%s", out)
	}
}

// A manifest that cannot be read is not written over.
func TestRefusesADamagedManifest(t *testing.T) {
	t.Parallel()
	st := newStage(t)
	st.append(events(51, 100, 1), 10)
	st.once()
	path := st.path(archive.ManifestName)
	good, err := os.ReadFile(path)
	st.must(err)
	for name, bad := range map[string][]byte{
		"empty": nil, "cut": good[:len(good)/2], "of a later version": bytes.Replace(good, []byte(`"v": 1`), []byte(`"v": 2`), 1),
	} {
		st.must(os.WriteFile(path, bad, 0o644))
		out, err := st.command("--once").CombinedOutput()
		if err == nil || !strings.Contains(string(out), "restore that file") {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
		if b, err := os.ReadFile(path); err != nil || !bytes.Equal(b, bad) {
			t.Errorf("%s: it was written over, %v", name, err)
		}
	}
	st.must(os.WriteFile(path, good, 0o644))
	st.once()
	st.check()
}

// Somebody else has written the manifest: the archive is adopted anew.
func TestManifestOfAnother(t *testing.T) {
	t.Parallel()
	server := s3test.Start(t)
	server.Bucket("history")
	st := newStage(t)
	st.target = []string{"--archive", "s3://history/a", "--s3-endpoint", server.URL()}
	st.append(events(52, 100, 1), 10)
	p := st.start("--segment-every", "100ms", "--compact-after", "24h")
	eventually(t, "all is archived", st.archived)
	s := st.store()
	b, etag, err := s.Read(t.Context(), archive.ManifestName)
	st.must(err)
	_, err = s.Swap(t.Context(), archive.ManifestName, append(b, '\n'), etag)
	st.must(err)
	st.append(events(53, 100, 1), 10)
	eventually(t, "it is noticed", func() bool { return p.says("another has written the manifest") })
	eventually(t, "all is archived", st.archived)
	p.stop()
	st.once()
	st.check()
}
