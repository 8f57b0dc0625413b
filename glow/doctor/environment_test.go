package doctor

import (
	"testing"

	"github.com/glowmap/glow/glow/etc"
)

func TestIsSecret(t *testing.T) {
	for value, want := range map[string]bool{
		"redis://u:p@a:1/0":                               true,
		"unix://u:p@/run/redis":                           true,
		"redis+sentinel://u:p@[::1]:1,[::2]:3/glow":       true,
		"redis+sentinel://a:1,b/glow?sentinel_password=x": true,
		"redis+sentinel://a:1,b/glow":                     false,
		"redis://a:1":                                     false,
		"s3://bucket/prefix":                              false,
		"ops@example.org":                                 false,
	} {
		if got := isSecret(etc.Setting{Name: "GLOW_X", Value: value}); got != want {
			t.Errorf("%s: %t, want %t", value, got, want)
		}
	}
	if !isSecret(etc.Setting{Name: "AWS_SECRET_ACCESS_KEY", Value: "x"}) {
		t.Error("the secret access key is none")
	}
}
