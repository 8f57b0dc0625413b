package main

import "testing"

func TestRedacted(t *testing.T) {
	for url, want := range map[string]string{
		"redis://u:p@w@host:1/2":                               "redis://host:1/2",
		"unix://u:p@/run/redis.sock?db=1":                      "unix:///run/redis.sock",
		"redis+sentinel://u:p@a:1,b:2/N/0?sentinel_username=x": "redis+sentinel://a:1,b:2/N/0",
		"p@ssword": "redis",
	} {
		if got := redacted(url); got != want {
			t.Errorf("%s: %s, want %s", url, got, want)
		}
	}
}

func TestLocal(t *testing.T) {
	for url, want := range map[string]bool{
		"redis://u:p@localhost:6379/2":         true,
		"rediss://[::1]":                       true,
		"unix:///run/redis.sock":               true,
		"redis://db:6379":                      false,
		"redis+sentinel://127.0.0.1:26379/N":   false,
		"rediss+sentinel://localhost/N/0?db=1": false,
	} {
		if got := local(url); got != want {
			t.Errorf("%s: %v", url, got)
		}
	}
}

func FuzzLocal(f *testing.F) {
	f.Add("redis://localhost:6379")
	f.Add("redis+sentinel://u:secret@a:1,b:2/N")
	f.Fuzz(func(t *testing.T, url string) {
		_ = local(url)
		_ = redacted(url)
	})
}
