package parse

import (
	"bytes"
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/glowmap/glow/internal/event"
)

// Whatever the line, it is an event that package event reads back, or a drop.
func fuzz(f *testing.F, o Options, seeds ...string) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	p := parser(f, o)
	f.Fuzz(func(t *testing.T, line []byte) {
		if bytes.IndexByte(line, '\n') >= 0 {
			return
		}
		b, sec, reason := p.Append(nil, line)
		if reason != OK {
			if len(b) > 0 || reason >= Reasons {
				t.Fatalf("%q: reason %d, and %q", line, reason, b)
			}
			return
		}
		e, err := event.Parse(bytes.TrimSuffix(b, []byte("\n")))
		if err != nil || e.Time != sec || !bytes.Equal(append(e.Append(nil), '\n'), b) {
			t.Fatalf("%q gave %q: %v", line, b, err)
		}
	})
}

func FuzzGlow(f *testing.F) {
	fuzz(f, Options{}, glowLine, "2001:db8::1 2014-03-18T00:00:00Z x a=b", "1.2.3.4 [17/May/2015:10:05:03 +0000]", "1.2.3.4 1395100800.5")
}

func FuzzCombined(f *testing.F) {
	fuzz(f, Options{Format: "combined", Status: []string{"200", "302"}, Match: regexp.MustCompile(`^GET /\S*\.(exe|dmg)`)}, combinedLine,
		`2001:db8::1 - a] "b [17/May/2015:10:05:03 +0000] "GET /x\".exe HTTP/1.1" 302 -`)
}

func FuzzJSON(f *testing.F) {
	fuzz(f, Options{Format: "json"}, `{"ip":"1.2.3.4","time":1,"type":"x","status":200,"request":"x"}`, `{"ip":"::1","time":"2014-03-18T00:00:00Z","ip":"::2"}`)
}

func FuzzJSONKeys(f *testing.F) {
	f.Add("ip=request.remote_ip,time=ts", `{"request":{"remote_ip":"1.2.3.4"},"ts":1}`)
	f.Add("status=a..b,ip=.", `{"":{"":"::1"},"time":1}`)
	f.Fuzz(func(t *testing.T, keys, line string) {
		k, err := ParseJSONKeys(keys)
		if err != nil {
			return
		}
		b, _, reason := parser(t, Options{Format: "json", JSONKeys: k}).Append(nil, []byte(line))
		if _, err := event.Parse(bytes.TrimSuffix(b, []byte("\n"))); (err == nil) != (reason == OK) {
			t.Fatalf("%q, %q: %q, %v", keys, line, b, reason)
		}
	})
}

func FuzzRegexp(f *testing.F) {
	fuzz(f, Options{Regexp: regexp.MustCompile(`(?P<time>\S*) (?P<ip>\S*)(?: (?P<type>.*))?`)}, "1 1.2.3.4", "1 ::1 x")
}

// Any expression that is taken as a setting can be used on any line.
func FuzzRegexpSetting(f *testing.F) {
	f.Add(`^(?P<ip>\S+) (?P<time>\d+)( (?P<type>.*))?`, "1.2.3.4 5")
	f.Add(`(?P<ip>a)|(?P<time>b)|(?P<status>c)|(?P<request>d)`, "d")
	f.Fuzz(func(t *testing.T, expression, line string) {
		re, err := regexp.Compile(expression)
		if err != nil || len(expression) > 200 || strings.Contains(line, "\n") {
			return
		}
		if o := (Options{Regexp: re, Status: []string{"200"}, Match: re}); len(Check(o)) == 0 {
			p := parser(t, o)
			p.Append(nil, []byte(line))
		}
	})
}

// The times of every form are those of package time, and a layout's too.
func FuzzTime(f *testing.F) {
	for _, s := range []string{"17/May/2015:10:05:03 +0000", "[29/Feb/2016:23:59:59 -1330]", "2014-03-18T00:00:00.5+01:00", "1395100800", "1395100800123", "1395100800.9", "-1", "[]"} {
		f.Add(s, time.RFC1123Z)
	}
	f.Add("2015-05-17T10:05:03", "2006-01-02T15:04:05")
	p := parser(f, Options{})
	f.Fuzz(func(t *testing.T, text, layout string) {
		sec, ok := p.seconds([]byte(text))
		if want, known := slowSeconds(text); ok != known || ok && sec != want {
			t.Fatalf("%q: %d, %v; want %d, %v", text, sec, ok, want, known)
		}
		if layout != "" && checkLayout(layout) == nil {
			sec, ok := layoutSeconds(layout, []byte(text))
			if want, err := time.Parse(layout, text); ok != (err == nil) || ok && sec != want.Unix() {
				t.Fatalf("%q as %q: %d, %v; want %v, %v", text, layout, sec, ok, want, err)
			}
		}
	})
}

var (
	plainSeconds = regexp.MustCompile(`^([0-9]{1,12})(?:\.[0-9]*)?$`)
	plainMillis  = regexp.MustCompile(`^([0-9]{10})[0-9]{3}$`)
	apacheTime   = regexp.MustCompile(`^[0-9]{2}/[A-Z][a-z]{2}/[0-9]{4}(:[0-9]{2}){3} [+-]([0-9]{2}){2}$`)
)

// slowSeconds is seconds, by package time.
func slowSeconds(s string) (int64, bool) {
	if bytes.HasPrefix([]byte(s), []byte("[")) && strings.HasSuffix(s, "]") && len(s) > 1 {
		s = s[1 : len(s)-1]
	}
	for _, re := range []*regexp.Regexp{plainSeconds, plainMillis} {
		if m := re.FindStringSubmatch(s); m != nil {
			sec := int64(0)
			_, _ = fmt.Sscan(strings.TrimLeft(m[1], "0"), &sec)
			return sec, sec <= event.MaxTime
		}
	}
	if apacheTime.MatchString(s) {
		leap := strings.Replace(s, ":60 ", ":59 ", 1) // the last second of a minute, once more
		at, err := time.Parse("02/Jan/2006:15:04:05 -0700", leap)
		return at.Unix(), err == nil
	}
	at, err := time.Parse(time.RFC3339, s)
	return at.Unix(), err == nil
}

// The address of a line is read as package netip reads it, and written as it
// writes it; IPv4-mapped as IPv4, and never with a zone.
func FuzzAddr(f *testing.F) {
	for _, s := range []string{"203.0.113.7", "0.0.0.0", "255.255.255.256", "01.2.3.4", "::ffff:1.2.3.4", "2001:DB8::1", "fe80::1%eth0", "::", "1:2:3:4:5:6:7:8", ":", "..."} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, _, ok := appendAddr(nil, b)
		want, err := netip.ParseAddr(string(b))
		if good := err == nil && want.Zone() == ""; good != ok || ok && string(got) != want.Unmap().String() {
			t.Fatalf("%q: %q, %v; want %v, %v", b, got, ok, want, err)
		}
	})
}

// A visitor decides on the user, the request, the referer and the agent. Web
// servers escape those; whatever stands in them, the line is that of the true
// address and time, and of the true status.
func FuzzForgery(f *testing.F) {
	f.Add("-", "GET /a HTTP/1.1", "-", "curl", true)
	f.Add(`x [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200`, `GET /" 200 1 "-" "-`, "\n8.8.8.8 - -", `\`, true)
	f.Add(`a] "b`, `\" 302 \`, "\r", "\x00\xff", false)
	combined := parser(f, Options{Format: "combined"})
	f.Fuzz(func(t *testing.T, user, request, referer, agent string, nginx bool) {
		esc := escapeApache
		if nginx {
			esc = escapeNginx
		}
		line := fmt.Sprintf(`203.0.113.7 - %s [18/Mar/2014:00:00:00 +0000] "%s" 404 5 "%s" "%s"`, esc(user), esc(request), esc(referer), esc(agent))
		if strings.ContainsAny(line, "\n\x00") {
			t.Fatalf("escaped to %q", line)
		}
		got, _, reason := combined.Append(nil, []byte(line))
		if len(line) > MaxLine && reason == Long {
			return
		}
		if reason != OK || string(got) != "203.0.113.7 1395100800 download\n" || string(combined.r.status) != "404" || string(combined.r.request) != esc(request) {
			t.Fatalf("%q: %q, %v, status %q, request %q", line, got, reason, combined.r.status, combined.r.request)
		}
	})
}

// escapeApache is ap_escape_logitem of Apache's server/util.c.
func escapeApache(s string) string { return escape(s, `\x%02x`, true) }

// escapeNginx is ngx_http_log_escape of nginx's ngx_http_log_module.c.
func escapeNginx(s string) string { return escape(s, `\x%02X`, false) }

func escape(s, form string, short bool) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		i := strings.IndexByte("\b\n\r\t\v\\\"", c)
		switch {
		case short && i >= 0:
			b.WriteString(`\` + string(`bnrtv\"`[i]))
		case c < ' ' || c > '~' || c == '"' || c == '\\':
			fmt.Fprintf(&b, form, c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}
