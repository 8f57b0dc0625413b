package rdb

import (
	"strings"
	"testing"
)

// Whatever a server says of itself: each of its fields is read as it stands,
// the last of a name, and nothing is made up.
func FuzzInfo(f *testing.F) {
	f.Add("# Persistence\r\nloading:0\r\naof_enabled:1\r\naof_buffer_length:0\r\n")
	f.Add("redis_version:7.0.15\nredis_version:6\n:\nx")
	f.Fuzz(func(t *testing.T, text string) {
		want := map[string]string{}
		for _, line := range strings.Split(text, "\n") {
			if line = strings.TrimSpace(line); strings.Contains(line, ":") {
				kv := strings.SplitN(line, ":", 2)
				want[kv[0]] = kv[1]
			}
		}
		got := parseInfo(text)
		for k, v := range want {
			if got[k] != v {
				t.Fatalf("%q: %s is %q, want %q", text, k, got[k], v)
			}
		}
		if len(got) != len(want) {
			t.Fatalf("%q: %q, want %q", text, got, want)
		}
	})
}

// A bad URL is refused in a sentence that quotes nothing of it, as it may hold
// a password; a good one keeps its promise that nothing is ever repeated.
func FuzzURL(f *testing.F) {
	f.Add("redis://:hunter2@localhost:6379/1?max_retries=5")
	f.Add("rediss://u:p@[::1]:6380")
	f.Add("unix:///run/redis.sock?db=2")
	refusal := ""
	f.Fuzz(func(t *testing.T, url string) {
		o, err := options(url)
		switch {
		case err == nil:
			if o.MaxRetries != -1 || o.DialTimeout <= 0 {
				t.Fatalf("%q: %d retries, dials for %v", url, o.MaxRetries, o.DialTimeout)
			}
		case refusal == "":
			refusal = err.Error()
		case err.Error() != refusal:
			t.Fatalf("%q: %v", url, err)
		}
	})
}
