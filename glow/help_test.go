package main

import (
	"strings"
	"testing"
)

// The help teaches: what it answers, exit statuses, examples.
func TestHelp(t *testing.T) {
	t.Parallel()
	s := newStage(t)
	for _, c := range []struct {
		args []string
		code int
		says []string
	}{
		{nil, 2, []string{"glow COMMAND", "status", "doctor", "/etc/glow"}},
		{[]string{"--help"}, 0, []string{"status", "is all well?", "doctor"}},
		{[]string{"status", "--help"}, 0, []string{"0  all is well", "1  something is wrong", "2  it cannot be told", "--follow", "glow status --brief", "$GLOW_REDIS_URL"}},
		{[]string{"doctor", "--help"}, 0, []string{"Exit status: 0", "--read-only", "v1/glow-doctor.json", "Run it as root"}},
		{[]string{"stauts"}, 2, []string{`unknown command "stauts"`, `See "glow --help"`}},
		{[]string{"status", "now"}, 2, []string{`unexpected argument "now"`}},
		{[]string{"status", "--nope"}, 2, []string{"nope"}},
		{[]string{"doctor", "--survive", "-1h", "--s3-endpoint", "x"}, 2, []string{"--survive (or GLOW_SURVIVE)", "--s3-endpoint (or GLOW_S3_ENDPOINT)"}},
		{[]string{"--version"}, 0, []string{"glow version"}},
	} {
		out, code := s.glow(c.args...)
		for _, want := range c.says {
			if code != c.code || !strings.Contains(out, want) {
				t.Errorf("glow %v: exit %d, lacks %q\n%s", c.args, code, want, out)
			}
		}
	}
}
