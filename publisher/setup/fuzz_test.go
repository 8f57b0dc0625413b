package setup

import (
	"encoding/json"
	"testing"
)

// Whatever policy a bucket has, what others put into it stays in it.
func FuzzPolicy(f *testing.F) {
	f.Add(`{"Version":"2012-10-17","Statement":[{"Sid":"GlowPublicRead","Effect":"Allow"},{"Sid":"x"}]}`)
	f.Add(`{"Statement":{"Sid":"GlowPublicRead"}}`)
	f.Add(`null`)
	f.Fuzz(func(t *testing.T, text string) {
		rest, ours, err := parsePolicy(text)
		if err != nil {
			return
		}
		var whole document
		if err := json.Unmarshal([]byte(text), &whole); err != nil {
			t.Fatal(err)
		}
		before := list(whole["Statement"])
		mine := 0
		for _, one := range before {
			if d, ok := one.(document); ok && d["Sid"] == policySid {
				mine++
			}
		}
		if left := len(list(rest["Statement"])); left != len(before)-mine || (ours != nil) != (mine > 0) {
			t.Fatalf("%s: of %d statements, %d ours, %d are left", text, len(before), mine, left)
		}
		if _, err := json.Marshal(rest); err != nil {
			t.Fatal(err)
		}
	})
}

// An origin that is taken has a scheme and a host and nothing else.
func FuzzOrigins(f *testing.F) {
	f.Add("https://glow.example.org,https://*.example.org")
	f.Add("*")
	f.Add("https://x/y, http:// ://")
	f.Fuzz(func(t *testing.T, s string) {
		origins, err := Origins(s)
		if err == nil && len(origins) == 0 {
			t.Fatalf("%q: none, and no error", s)
		}
		if again, err2 := Origins(joined(origins)); err == nil && (err2 != nil || len(again) != len(origins)) {
			t.Fatalf("%q: %q, then %q, %v", s, origins, again, err2)
		}
	})
}

func joined(list []string) (s string) {
	for _, o := range list {
		s += "," + o
	}
	return s
}
