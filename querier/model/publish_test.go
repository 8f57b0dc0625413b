//go:build cgo

package model

import (
	"encoding/json"
	"errors"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/publisher/store"
	"github.com/glowmap/glow/querier/catalog"
)

// unknown is an archive that cannot be read yet.
type unknown struct{}

func (unknown) Current() *catalog.Snapshot { return nil }

// What was published stays until it is known what the archive has.
func TestPublishedBeforeTheArchiveIsKnown(t *testing.T) {
	feed := t.TempDir()
	target, err := store.New(t.Context(), "file://"+feed, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	names := []string{listName, objectName("seen")}
	for i, text := range []string{`{"v":1,"models":[{"name":"seen"}]}`, `{"v":1}`} {
		if _, err := target.Put(t.Context(), store.Object{Name: names[i], JSON: []byte(text)}, ""); err != nil {
			t.Fatal(err)
		}
	}
	dir := folder(t, map[string]string{"seen": "value = \"count(*) as n\"\npublic = true"})
	s := New(Options{
		Folders: []string{dir}, State: t.TempDir(), Archive: unknown{}, Publish: target, Shown: func(string) bool { return true },
		Log: slog.New(slog.DiscardHandler), Metrics: prometheus.NewRegistry(),
	})
	s.look()
	if err := s.publish(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if b, _, err := target.Get(t.Context(), name); err != nil || string(b) == `{"v":1,"models":[]}` {
			t.Errorf("%s: %s %v", name, b, err)
		}
	}
}

// TestPublish: public models are beside the feed, current, and only for as
// long as they are public.
func TestPublish(t *testing.T) {
	h := newHistory(t)
	r := rand.New(rand.NewPCG(15, 16))
	h.add(someRows(r, 0, 100))
	h.commit()
	feed := t.TempDir()
	target, err := store.New(t.Context(), "file://"+feed, store.Options{})
	h.check(err)
	other, err := store.New(t.Context(), "file://"+feed, store.Options{})
	h.check(err)
	h.check(other.Open(t.Context())) // the publisher is at work there
	defer other.Close()
	const all = "value = \"count(*) as n\"\n"
	dir := folder(t, map[string]string{
		"seen": all + "public = true", "hidden": all, "later": all,
		"types": all + "by = [\"type\"]\npublic = true", "some": "where = \"type = 'download'\"\n" + all + "public = true",
	})
	var shown atomic.Bool // types but downloads, to everybody
	s, _ := h.store(h.duck(), Options{Folders: []string{dir}, Publish: target, Shown: func(typ string) bool { return shown.Load() || typ == "download" }})
	read := func(name string) string {
		b, err := os.ReadFile(filepath.Join(feed, "v1", name))
		if err != nil {
			return ""
		}
		return string(b)
	}
	has := func(name, part string) func() bool {
		return func() bool { return strings.Contains(read(name), part) }
	}
	h.until(has("models.json", `"name":"some"`))
	if list := read("models.json"); strings.Contains(list, `"name":"types"`) || strings.Contains(list, `"name":"seen"`) || read("models/types.json") != "" {
		t.Error("with types that not everybody may see:", list)
	}
	shown.Store(true)
	h.until(has("models/seen.json", `"columns":["n"],"rows":[[100]],"page":1,"pages":1`))
	h.until(has("models.json", `"name":"seen"`))
	h.until(has("models.json", `"name":"types"`))
	var list struct{ Models []ListModel }
	if err := json.Unmarshal([]byte(read("models.json")), &list); err != nil || len(list.Models) != 3 {
		t.Error(err, list)
	}
	h.add(someRows(r, 1, 11))
	h.commit()
	h.until(has("models/seen.json", `"rows":[[111]]`))
	write(t, dir, "later", all+"public = true")
	h.until(has("models.json", `"name":"later"`))
	write(t, dir, "seen", all)
	h.until(func() bool { return !has("models.json", `"name":"seen"`)() && read("models/seen.json") == "" })
	if read("models/later.json") == "" || read("models/hidden.json") != "" {
		t.Error("hidden:", read("models/hidden.json"))
	}
	h.await(s, "hidden")
}

// TestWithdrawn: what is hidden since the start is not published any more, also
// while models are not filled yet; what is not known yet stays.
func TestWithdrawn(t *testing.T) {
	h := newHistory(t)
	h.add([]archive.Row{{Time: firstDay, Type: "download"}})
	h.add([]archive.Row{{Time: firstDay, Type: "share:x"}})
	h.commit()
	target, err := store.New(t.Context(), "file://"+t.TempDir(), store.Options{})
	h.check(err)
	put := func(name, text string) {
		_, err := target.Put(t.Context(), store.Object{Name: name, JSON: []byte(text)}, "")
		h.check(err)
	}
	names := []string{"all", "downloads", "inside", "unread"}
	put(listName, `{"v":1,"models":[{"name":"all"},{"name":"downloads"},{"name":"inside"},{"name":"unread"}]}`)
	for _, name := range names {
		put(objectName(name), "{}")
	}
	s := h.still(nil, map[string]string{"all": "public = true", "inside": "", "downloads": "where = \"type = 'download'\"\npublic = true"})
	s.Publish, s.Shown = target, func(typ string) bool { return typ == "download" }
	h.check(s.publish(t.Context()))
	for i, there := range []bool{false, true, false, true} {
		if _, _, err := target.Get(t.Context(), objectName(names[i])); (err == nil) != there {
			t.Error(names[i], err)
		}
	}
}

// TestHiddenTypeGone: when the last events are gone of a type that not
// everybody may see, its rows stay hidden until there are others.
func TestHiddenTypeGone(t *testing.T) {
	h := newHistory(t)
	h.add([]archive.Row{{Time: firstDay, Type: "download"}})
	hidden := h.add([]archive.Row{{Time: firstDay, Type: "share:x"}})
	h.commit()
	target, err := store.New(t.Context(), "file://"+t.TempDir(), store.Options{})
	h.check(err)
	s := New(Options{
		Folders: []string{folder(t, map[string]string{"all": "value = \"count(*) as n\"\npublic = true"})}, State: t.TempDir(),
		Engine: h.duck(), Archive: h.catalog, Publish: target, Shown: func(typ string) bool { return typ == "download" },
		Log: slog.New(slog.NewTextHandler(t.Output(), nil)), Metrics: prometheus.NewRegistry(),
	})
	s.look()
	bring := func(filled bool) {
		e, ctx := s.take(t.Context(), h.catalog.Current(), filled)
		if e == nil {
			t.Fatal("nothing is to be done")
		}
		s.bring(ctx, e, h.catalog.Current())
		h.check(e.failure)
	}
	published := func() string {
		h.check(s.publish(t.Context()))
		b, _, err := target.Get(t.Context(), objectName("all"))
		if err != nil && !errors.Is(err, store.ErrNone) {
			t.Fatal(err)
		}
		return string(b)
	}
	bring(false)
	if i, _ := s.Get("all"); !slices.Equal(i.Events, []string{"download", "share:x"}) || published() != "" {
		t.Error(i.Events, published())
	}
	delete(h.files, hidden)
	delete(h.rows, hidden)
	h.n++
	h.commit()
	before, _ := s.Get("all")
	if got := published(); got != "" || len(before.Events) != 2 {
		t.Error("the old rows are of", before.Events, "and there is", got)
	}
	bring(true)
	if i, _ := s.Get("all"); !slices.Equal(i.Events, []string{"download"}) || !strings.Contains(published(), "[[1]]") {
		t.Error(i.Events, published())
	}
	if i, _ := s.At("all", before.Version); len(i.Events) != 2 {
		t.Error("the version that is kept:", i.Events)
	}
	p, err := s.Rows(t.Context(), "all", Ask{Version: before.Version, Limit: 1})
	if err != nil || len(p.Info.Events) != 2 {
		t.Error(err, p)
	}
}
