package logrotate

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const example = `# see "man logrotate"
weekly
rotate 4
create
#dateext
compress
include /etc/logrotate.d

/var/log/wtmp {
    missingok
    monthly
    create 0664 root utmp
    minsize 1M
    rotate 1
}
/var/log/glow/*.log "/var/log/with blank.log" /var/log/a.log
/var/log/b.log
{
	daily
	rotate 14
	maxage=7
	delaycompress
	nocompress # not here
	postrotate
		kill -HUP { }
	endscript
	nocreate
}
/var/log/c.log { size 10M
 copytruncate }
`

func TestParse(t *testing.T) {
	all, includes := Parse(example, "x", map[string]string{})
	if len(all) != 3 || len(includes) != 1 || includes[0] != "/etc/logrotate.d" {
		t.Fatalf("%+v, %v", all, includes)
	}
	glow := all[1]
	for path, want := range map[string]bool{"/var/log/glow/x.log": true, "/var/log/with blank.log": true, "/var/log/b.log": true, "/var/log/c.log": false} {
		if glow.Touches(path) != want {
			t.Errorf("%s: %v", path, !want)
		}
	}
	for name, want := range map[string]bool{"daily": true, "weekly": false, "compress": false, "create": false, "delaycompress": true, "postrotate": true, "nocreate": true, "kill": false} {
		if glow.Has(name) != want {
			t.Errorf("%s: %v", name, !want)
		}
	}
	for i, want := range []time.Duration{28 * 24 * time.Hour, 7 * 24 * time.Hour, 28 * 24 * time.Hour} {
		if keep, known := all[i].Keeps(); keep != want || known != (i < 2) {
			t.Errorf("%v keeps %v, %v", all[i].Patterns, keep, known)
		}
	}
	if !all[2].Has("copytruncate") || !all[2].Has("compress") || all[0].Set["create"] != "0664 root utmp" {
		t.Errorf("%+v", all)
	}
}

// Braces in names are none of logrotate's, and leave other sections alone.
func TestParseBraces(t *testing.T) {
	for _, text := range []string{"/var/log/{a,b}.log {\n\tdaily\n\tcopytruncate\n}\n", "\"/var/log/{a,b}.log\"\n{\ncopytruncate\n}\n"} {
		all, _ := Parse(text+"/var/log/c.log {\nweekly\n}\n", "x", map[string]string{})
		for _, s := range all {
			if s.Touches("/var/log/a.log") || s.Touches("/var/log/b.log") {
				t.Errorf("%q: %+v", text, s)
			}
		}
		if last := all[len(all)-1]; !last.Touches("/var/log/c.log") || !last.Has("weekly") || last.Has("copytruncate") {
			t.Errorf("%q: %+v", text, last)
		}
	}
}

// A list of many names makes a long line, and those after it count too.
func TestParseLongLine(t *testing.T) {
	all, _ := Parse(strings.Repeat("/var/log/x.log ", 20000)+"{\n}\n/var/log/y.log {\n}\n", "x", map[string]string{})
	if len(all) != 2 || !all[0].Touches("/var/log/x.log") || !all[1].Touches("/var/log/y.log") {
		t.Errorf("%d sections", len(all))
	}
}

func TestRead(t *testing.T) {
	root := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("etc/logrotate.conf", "shred\ninclude /etc/logrotate.d\ninclude /etc/logrotate.conf\n")
	write("etc/logrotate.d/a", "/a { daily }\n")
	write("etc/logrotate.d/a.dpkg-old", "/a { weekly }\n")
	all, denied := Read(root, "/etc/logrotate.conf")
	if len(all) == 0 || len(denied) != 0 {
		t.Fatalf("%+v, %v", all, denied)
	}
	for _, s := range all {
		if s.File != "/etc/logrotate.d/a" || !s.Has("daily") || !s.Has("shred") {
			t.Errorf("%+v", s)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(example)
	f.Add("include\n\"\n{{}}}\n'/a b' {\nrotate -1\n}\n=\n")
	f.Fuzz(func(t *testing.T, text string) {
		all, _ := Parse(text, "x", map[string]string{})
		for _, s := range all {
			s.Touches("/var/log/x")
			if keep, _ := s.Keeps(); keep < 0 {
				t.Errorf("keeps %v", keep)
			}
		}
	})
}
