//go:build cgo

package model

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/glowmap/glow/publisher/store"
)

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
	dir := folder(t, map[string]string{"seen": all + "public = true", "hidden": all, "later": all,
		"types": all + "by = [\"type\"]\npublic = true", "some": "where = \"type = 'download'\"\n" + all + "public = true"})
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
