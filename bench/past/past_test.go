package past

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/glowmap/glow/archiver/archive"
	"github.com/glowmap/glow/archiver/store"
	"github.com/glowmap/glow/internal/geotest"
)

func makePast(t *testing.T, dir string, events int) *Past {
	t.Helper()
	city := filepath.Join(t.TempDir(), "city.mmdb")
	if err := geotest.Write(city, 28); err != nil {
		t.Fatal(err)
	}
	look, done, err := Locator(city)
	if err != nil {
		t.Fatal(err)
	}
	defer done()
	p, err := Make(t.Context(), Options{Events: events, Dir: dir, Locate: look, Say: t.Logf})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// The archive's readers find what the generator says, before and after
// something comes late; a second one is the same to the byte.
func TestArchiveIsWhatTheSummarySays(t *testing.T) {
	dir := t.TempDir()
	p := makePast(t, dir, 30000)
	compare(t, p)
	if again := makePast(t, dir, 30000); again.Events != p.Events {
		t.Errorf("%d events when it is there already, want %d", again.Events, p.Events)
	}
	hour := int64(1213747200) // of the second date
	if _, err := Late(p.Dir, hour, 10); err != nil {
		t.Fatal(err)
	}
	p.Events += 10
	p.Types["download"] += 10
	p.Hours["DE"] = maps.Clone(p.Hours["DE"])
	if p.Hours["DE"] == nil {
		p.Hours["DE"] = map[int64]int{}
	}
	p.Hours["DE"][hour] += 10
	compare(t, p)
	if err := Restore(p.Dir); err != nil {
		t.Fatal(err)
	}
	other := makePast(t, t.TempDir(), 30000)
	compare(t, other)
	name := filepath.FromSlash(archive.DayName("2008-06-18", "download"))
	one, err := os.ReadFile(filepath.Join(p.Dir, name))
	if err != nil {
		t.Fatal(err)
	}
	if two, err := os.ReadFile(filepath.Join(other.Dir, name)); err != nil || string(one) != string(two) {
		t.Errorf("two archives of one size differ (%v)", err)
	}
}

func compare(t *testing.T, want *Past) {
	t.Helper()
	s, err := store.New(t.Context(), "file://"+want.Dir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	a, err := archive.Open(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	got := &Past{Hours: map[string]map[int64]int{}, Types: map[string]int{}, Systems: map[string]int{}}
	m := &maker{Past: got}
	err = a.Rows(t.Context(), archive.Filter{}, func(r *archive.Row) error {
		system := "none"
		if len(r.Attrs) > 1 {
			system = r.Attrs[1].Value
		}
		m.count(r.Type, system, &r.Place, r.Time)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	delete(got.Systems, "none")
	if got.Events != want.Events || !maps.Equal(got.Types, want.Types) || !maps.Equal(got.Systems, want.Systems) {
		t.Errorf("%d events %v %v, want %d %v %v", got.Events, got.Types, got.Systems, want.Events, want.Types, want.Systems)
	}
	for country, hours := range want.Hours {
		if !maps.Equal(got.Hours[country], hours) {
			t.Errorf("hours of %s differ", country)
		}
	}
	if len(got.Hours) < len(want.Hours) || got.Events == 0 || len(want.Hours) == 0 {
		t.Errorf("%d countries, want %d", len(got.Hours), len(want.Hours))
	}
}
