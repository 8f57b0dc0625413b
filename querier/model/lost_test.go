//go:build cgo

package model

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

var failing = regexp.MustCompile(`value:"failed"\s*}\s*gauge:\s*{\s*value:1\s*}`)

// TestLost: a file that the archive names and lacks fails the models that need
// it, which is said; those that have rows still show them. One that only an
// older snapshot names fails nobody.
func TestLost(t *testing.T) {
	h := newHistory(t)
	r := rand.New(rand.NewPCG(41, 42))
	first := h.add(someRows(r, 0, 100))
	h.commit()
	s := h.still(h.duck(), map[string]string{"countries": byCountry})
	h.turn(s)
	before := rows(t, s, "countries", Ask{})
	path := func(name string) string { return filepath.Join(h.dir, filepath.FromSlash(name)) }
	hide := func(name string) { h.check(os.Rename(path(name), path(name)+".away")) }

	lost := h.add(someRows(r, 1, 100))
	h.commit()
	hide(lost)
	h.turn(s)
	if i, _ := s.Get("countries"); i.State != Ready || !strings.Contains(i.Error, lost) {
		t.Errorf("%+v", i)
	}
	if got := rows(t, s, "countries", Ask{}); !slices.Equal(got, before) {
		t.Error(sample(got))
	}
	s.metrics.count(s.models)
	var b strings.Builder
	families, err := s.Metrics.(*prometheus.Registry).Gather()
	h.check(err)
	for _, f := range families {
		b.WriteString(f.String())
	}
	if text := b.String(); !failing.MatchString(text) {
		t.Error(text)
	}
	fresh := h.still(h.duck(), map[string]string{"countries": byCountry})
	h.turn(fresh)
	if i, _ := fresh.Get("countries"); i.State != Failed || !strings.Contains(i.Error, lost) {
		t.Errorf("%+v", i)
	}
	h.check(os.Rename(path(lost)+".away", path(lost)))
	for _, s := range []*Store{s, fresh} {
		s.models["countries"].retry = time.Time{}
		h.turn(s)
		if got := rows(t, s, "countries", Ask{}); !slices.Equal(got, naive(h.all())) {
			t.Error(sample(got))
		}
	}

	old := h.catalog.Current()
	hide(first)
	h.add(h.rows[first], first) // compacted
	h.commit()
	late := h.still(h.duck(), map[string]string{"countries": byCountry})
	e, ctx := late.take(t.Context(), old, false)
	late.bring(ctx, e, old)
	if i, _ := late.Get("countries"); i.State != Filling || i.Error != "" {
		t.Errorf("%+v", i)
	}
}

// TestDateGone: what was added up of a date that went while nothing ran goes, too.
func TestDateGone(t *testing.T) {
	h := newHistory(t)
	h.add(someRows(rand.New(rand.NewPCG(43, 44)), 0, 100))
	h.commit()
	s := h.still(h.duck(), map[string]string{"countries": byCountry})
	dir := filepath.Join(s.State, "countries", s.models["countries"].def.Key())
	h.check(os.MkdirAll(filepath.Join(dir, "2020-01-01"), 0o750))
	h.check(os.WriteFile(filepath.Join(dir, "2020-01-01", "x.part"), nil, 0o640))
	h.turn(s)
	list, err := os.ReadDir(dir)
	h.check(err)
	if len(list) != 1 || list[0].Name() != "2026-03-22" {
		t.Error(list)
	}
}

// TestNoName: a file that is called .toml is no model, and what was added up of
// others stays when it goes.
func TestNoName(t *testing.T) {
	s := newHistory(t).still(nil, map[string]string{"": byCountry})
	if list := s.List(); len(list) != 0 {
		t.Error(list)
	}
}
