package chaos

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

func drawn(c Config, seed uint64, n int) (list []string) {
	l := newLane(c, seed, slices.Concat(redisFaults(), networkFaults()))
	for range n {
		f, r, gap := l.draw()
		list = append(list, fmt.Sprint(f.name, " ", r.Uint64(), " ", gap))
	}
	return list
}

// A seed is a plan: the same faults with the same parameters in the same order.
func TestPlan(t *testing.T) {
	c := Config{For: time.Minute}
	if a, b := drawn(c, 1, 300), drawn(c, 1, 300); !slices.Equal(a, b) {
		t.Error("one seed, two plans")
	}
	if a, b := drawn(c, 1, 300), drawn(c, 2, 300); slices.Equal(a[:50], b[:50]) {
		t.Error("two seeds, one plan")
	}
}

// Every kind comes once the deck is through, and as often as it weighs.
func TestDeck(t *testing.T) {
	kinds := []fault{{name: "a", weight: 3}, {name: "b", weight: 1}, {name: "long", weight: 1, least: time.Hour}}
	l := newLane(Config{For: time.Minute}, 1, kinds)
	times := map[string]int{}
	for range 8 {
		f, _, _ := l.draw()
		times[f.name]++
	}
	if times["a"] != 6 || times["b"] != 2 || len(times) != 2 {
		t.Errorf("drawn: %v, want 6 a and 2 b", times)
	}
}

func TestOnly(t *testing.T) {
	c := Config{For: time.Minute, Only: []string{"redis kill", "redis link half-open until"}}
	for _, f := range slices.Concat(redisFaults(), networkFaults()) {
		want := len(f.name) > 10 && f.name[:10] == "redis kill" || f.least > 0
		if c.wants(f) != want {
			t.Errorf("%s: wanted is %v", f.name, c.wants(f))
		}
	}
}
