package doctor

import (
	"net"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/glowmap/glow/internal/keys"
	"github.com/glowmap/glow/internal/rdb"
	"github.com/glowmap/glow/internal/redistest"
)

// cutter passes on what clients ask of a Redis, until so many requests have
// been asked; then it hangs up and takes nobody any more.
func cutter(t *testing.T, redisURL string, requests int) (url string) {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		defer l.Close()
		client, err := l.Accept()
		if err != nil {
			return
		}
		defer client.Close()
		server, err := net.Dial("unix", strings.TrimPrefix(redisURL, "unix://"))
		if err != nil {
			return
		}
		defer server.Close()
		b := make([]byte, 1<<20)
		for ; requests > 0; requests-- { // one at a time, each with one answer
			for _, way := range [][2]net.Conn{{client, server}, {server, client}} {
				n, err := way[0].Read(b)
				if err != nil {
					return
				}
				if _, err := way[1].Write(b[:n]); err != nil {
					return
				}
			}
		}
	}()
	return "unix://" + socket
}

// A Redis that goes away while it is looked at says nothing wrong of itself:
// no right is missing, no setting, and nobody else is in its namespace.
func TestRedisGoesAway(t *testing.T) {
	s := redistest.Start(t)
	look := func(url string) []Finding {
		t.Helper()
		c, err := rdb.OpenReader(url)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		k, err := keys.New(keys.DefaultNamespace)
		if err != nil {
			t.Fatal(err)
		}
		return Examine(t.Context(), Options{Redis: c, URL: "here", Namespace: keys.DefaultNamespace, Keys: k, Local: true, Root: t.TempDir()}).Findings
	}
	checks := func(list []Finding) (names []string) {
		for _, f := range list {
			names = append(names, f.Check+" "+string(f.Level))
		}
		return names
	}
	whole := checks(look(s.URL()))
	for n := 1; ; n += 1 + n/8 {
		list := look(cutter(t, s.URL(), n))
		got := checks(list)
		if slices.Equal(got, whole) {
			if n < 20 {
				t.Errorf("%d requests did for all", n)
			}
			return
		}
		last := list[len(list)-2] // before what is said of environment files
		if last.Check != "redis-answers" || last.Level != Error || strings.Contains(last.What, "grant") {
			t.Fatalf("after %d requests: it says %v", n, last)
		}
		if said := got[:len(got)-2]; len(said) > len(whole) || !slices.Equal(said, whole[:len(said)]) {
			t.Fatalf("after %d requests: it says %q, of a Redis that stays it says %q", n, said, whole)
		}
	}
}
