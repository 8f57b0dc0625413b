package near

import "testing"

func TestDistance(t *testing.T) {
	for _, c := range []struct {
		a, b string
		n    int
	}{
		{"", "", 0},
		{"", "abc", 3},
		{"country", "country", 0},
		{"contry", "country", 1},
		{"typ", "type", 1},
		{"kitten", "sitting", 3},
		{"ab", "ba", 2},
		{"flaw", "lawn", 2},
	} {
		if n, m := Distance(c.a, c.b), Distance(c.b, c.a); n != c.n || m != c.n {
			t.Errorf("%q, %q: %d and %d, want %d", c.a, c.b, n, m, c.n)
		}
	}
}
