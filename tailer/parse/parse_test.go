package parse

import (
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"
)

func parser(t testing.TB, o Options) *Parser {
	t.Helper()
	p, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// check parses lines and compares with what they should give: the event, or
// the reason in angle brackets.
func check(t *testing.T, p *Parser, cases [][2]string) {
	t.Helper()
	for _, c := range cases {
		b, sec, reason := p.Append([]byte("before|"), []byte(c[0]))
		got := strings.TrimSuffix(strings.TrimPrefix(string(b), "before|"), "\n")
		if reason != OK {
			if got != "" || sec != 0 {
				t.Errorf("%q: dropped as %s, but appended %q", c[0], reason, got)
			}
			got = "<" + reason.String() + ">"
		}
		if got != c[1] {
			t.Errorf("%q: got %q, want %q", c[0], got, c[1])
		}
	}
}

func TestGlow(t *testing.T) {
	check(t, parser(t, Options{}), [][2]string{
		{"203.0.113.7 1395100800", "203.0.113.7 1395100800 download"},
		{"203.0.113.7 1395100800\r", "203.0.113.7 1395100800 download"},
		{"  203.0.113.7\t 1395100800  share:twitter ", "203.0.113.7 1395100800 share:twitter"},
		{"203.0.113.7 1395100800 share:twitter os=win&lang=fr", "203.0.113.7 1395100800 share:twitter os=win&lang=fr"},
		{"\x00\x00\x00203.0.113.7 1395100800", "203.0.113.7 1395100800 download"},
		{"2001:DB8:0::1 1395100800", "2001:db8::1 1395100800 download"},
		{"::ffff:203.0.113.7 1395100800", "203.0.113.7 1395100800 download"},
		{"203.0.113.7 1395100800123", "203.0.113.7 1395100800 download"},
		{"203.0.113.7 1395100800.999", "203.0.113.7 1395100800 download"},
		{"203.0.113.7 2014-03-18T00:00:00Z", "203.0.113.7 1395100800 download"},
		{"203.0.113.7 2014-03-18T01:00:00.5+01:00 x", "203.0.113.7 1395100800 x"},
		{"203.0.113.7 [18/Mar/2014:01:00:00 +0100] x", "203.0.113.7 1395100800 x"},
		{"203.0.113.7 0", "203.0.113.7 0 download"},
		{"203.0.113.7 253402300799", "203.0.113.7 253402300799 download"},
		{"", "<empty>"},
		{" \t\r", "<empty>"},
		{"\x00\x00", "<empty>"},
		{strings.Repeat("x", MaxLine+1), "<long>"},
		{strings.Repeat("\x00", 3*MaxLine) + "203.0.113.7 1395100800", "203.0.113.7 1395100800 download"},
		{strings.Repeat("\x00", 3*MaxLine) + strings.Repeat("x", MaxLine+1), "<long>"},
		{"203.0.113.7", "<format>"},
		{"203.0.113.7 1 a b=c d", "<format>"},
		{"203.0.113.7 [1", "<format>"},
		{"203.0.113.256 1", "<ip>"},
		{"203.0.113.07 1", "<ip>"},
		{"203.0.113 1", "<ip>"},
		{"1.2.3.4.5 1", "<ip>"},
		{"fe80::1%eth0 1", "<ip>"},
		{".1.2.3 1", "<ip>"},
		{"1..2.3 1", "<ip>"},
		{"203.0.113.7 253402300800", "<time>"},
		{"203.0.113.7 -1", "<time>"},
		{"203.0.113.7 1.", "203.0.113.7 1 download"},
		{"203.0.113.7 0000-01-01T00:00:00Z", "<time>"},
		{"203.0.113.7 9999-12-31T23:59:59Z", "203.0.113.7 253402300799 download"},
		{"203.0.113.7 9999-12-31T23:59:59-01:00", "<time>"},
		{"203.0.113.7 1.x", "<time>"},
		{"203.0.113.7 .5", "<time>"},
		{"203.0.113.7 []", "<time>"},
		{"203.0.113.7 1 Download", "<type>"},
		{"203.0.113.7 1 a b", "<attrs>"},
		{"203.0.113.7 1 a\x00", "<binary>"},
		{"\xff\xfe203.0.113.7 1", "<binary>"},
	})
}

func TestCombined(t *testing.T) {
	const tail = ` - - [17/May/2015:10:05:03 +0000] "GET /a HTTP/1.1" 200 12 "http://x" "agent \"x\""`
	check(t, parser(t, Options{Format: "combined"}), [][2]string{
		{"83.149.9.216" + tail, "83.149.9.216 1431857103 download"},
		{"2001:db8::1" + tail, "2001:db8::1 1431857103 download"},
		{`1.2.3.4 - John [Doe] [17/May/2015:12:05:03 +0200] "GET /\" HTTP/1.1" 304 -`, "1.2.3.4 1431857103 download"},
		{`1.2.3.4 - - [17/May/2015:10:05:03 +0000] "-" 408 0`, "1.2.3.4 1431857103 download"},
		{`1.2.3.4 - - [29/Feb/2016:23:59:60 -0000] "" 200`, "1.2.3.4 1456790399 download"},
		{`1.2.3.4 - - [17/May/2015:10:05:03 +0000] "\xff\x00" 400 0`, "1.2.3.4 1431857103 download"},
		{"1.2.3.4 - - [17/May/2015:10:05:03 +0000] \"\xff\x00\" 400 0", "1.2.3.4 1431857103 download"},
		{"example.org" + tail, "<ip>"},
		{`1.2.3.4 - - [29/Feb/2015:10:05:03 +0000] "x" 200`, "<time>"},
		{`1.2.3.4 - - [17/May/0000:10:05:03 +0000] "x" 200`, "<time>"},
		{`1.2.3.4 - - [17/Mai/2015:10:05:03 +0000] "x" 200`, "<time>"},
		{`1.2.3.4 - - [17/May/2015:10:05:03 +0000] "x`, "<format>"},
		{`1.2.3.4 - - [17/May/2015:10:05:03 +0000] "x" 20`, "<format>"},
		{`1.2.3.4 - - [17/May/2015:10:05:03 +0000] "x" 2000`, "<format>"},
		{`1.2.3.4 - - 17/May/2015:10:05:03 "x" 200`, "<format>"},
		{"1.2.3.4", "<format>"},
		{"1.2.3.4 \xff", "<binary>"},
	})
}

func TestJSON(t *testing.T) {
	check(t, parser(t, Options{Format: "json"}), [][2]string{
		{`{"ip":"203.0.113.7","time":1395100800}`, "203.0.113.7 1395100800 download"},
		{` {"time":"1395100800123","ip":"2001:db8::1","type":"a","x":[1,{}]} `, "2001:db8::1 1395100800 a"},
		{`{"ip":"203.0.113.7","time":1395100800.25,"type":null}`, "203.0.113.7 1395100800 download"},
		{`{"ip":"203.0.113.7","time":"2014-03-18T00:00:00Z","type":""}`, "203.0.113.7 1395100800 download"},
		{`{"ip":"203.0.113.7"}`, "<format>"},
		{`{"ip":1,"time":1}`, "<ip>"},
		{`{"ip":"203.0.113.7","time":true}`, "<format>"},
		{`{"ip":"203.0.113.7","time":-1}`, "<time>"},
		{`[]`, "<format>"},
		{`{"ip"`, "<format>"},
		{`{"ip":"a\nb","time":1}`, "<ip>"},
		{`{"ip":"203.0.113.7","time":1,"type":"a b"}`, "<type>"},
	})
	keys, err := ParseJSONKeys("ip=request.remote_ip,time=ts,request=request.uri,status=status")
	if err != nil {
		t.Fatal(err)
	}
	caddy := Options{Format: "json", JSONKeys: keys, Match: regexp.MustCompile(`^/get/`), Status: []string{"200"}}
	check(t, parser(t, caddy), [][2]string{
		{`{"ts":1395100800.1,"request":{"remote_ip":"203.0.113.7","uri":"/get/x"},"status":200}`, "203.0.113.7 1395100800 download"},
		{`{"ts":1395100800.1,"request":{"remote_ip":"203.0.113.7","uri":"/"},"status":200}`, "<unmatched>"},
		{`{"ts":1395100800.1,"request":{"remote_ip":"203.0.113.7","uri":"/get/x"},"status":"404"}`, "<unmatched>"},
		{`{"ts":1395100800.1,"request":"x"}`, "<format>"},
	})
	for _, bad := range []string{"ip", "ip=", "port=x"} {
		if _, err := ParseJSONKeys(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestRegexp(t *testing.T) {
	zeus := Options{
		Regexp:     regexp.MustCompile(`^\[(?P<time>[^]]+)\] (?P<ip>\S+) (?P<status>\d+) "(?P<request>[^"]*)"(?: (?P<type>\S+))?`),
		TimeLayout: "2006-01-02 15:04:05 -0700", Type: "hit", Match: regexp.MustCompile("^GET"),
	}
	check(t, parser(t, zeus), [][2]string{
		{`[2014-03-18 01:00:00 +0100] 203.0.113.7 200 "GET /" share:x`, "203.0.113.7 1395100800 share:x"},
		{`[2014-03-18 01:00:00 +0100] 203.0.113.7 200 "GET /"`, "203.0.113.7 1395100800 hit"},
		{`[2014-03-18 01:00:00 +0100] 203.0.113.7 200 "PUT GET"`, "<unmatched>"},
		{`[2014-03-18 25:00:00 +0100] 203.0.113.7 200 "GET /"`, "<time>"},
		{`[1395100800] 203.0.113.7 200 "GET /"`, "<time>"},
		{`203.0.113.7`, "<format>"},
	})
	bare := Options{Regexp: regexp.MustCompile(`(?P<ip>\S+) (?P<time>\S+)`), Match: regexp.MustCompile("yes$")}
	check(t, parser(t, bare), [][2]string{{"1.2.3.4 1 yes", "1.2.3.4 1 download"}, {"1.2.3.4 1 no", "<unmatched>"}})
}

func TestFilters(t *testing.T) {
	o := Options{
		Format: "combined", Match: regexp.MustCompile(`^GET /get/`), Status: []string{"200", "302"},
		NotBefore: time.Unix(1431857103, 1), Exclude: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8::/32")},
	}
	check(t, parser(t, o), [][2]string{
		{`1.2.3.4 - - [17/May/2015:10:05:04 +0000] "GET /get/x HTTP/1.1" 302 1`, "1.2.3.4 1431857104 download"},
		{`1.2.3.4 - - [17/May/2015:10:05:04 +0000] "GET / HTTP/1.1" 200 1 "GET /get/"`, "<unmatched>"},
		{`1.2.3.4 - - [17/May/2015:10:05:04 +0000] "GET /get/x HTTP/1.1" 404 1`, "<unmatched>"},
		{`1.2.3.4 - - [17/May/2015:10:05:03 +0000] "GET /get/x HTTP/1.1" 200 1`, "<early>"},
		{`10.2.3.4 - - [17/May/2015:10:05:04 +0000] "GET /get/x HTTP/1.1" 200 1`, "<excluded>"},
		{`::ffff:10.2.3.4 - - [17/May/2015:10:05:04 +0000] "GET /get/x HTTP/1.1" 200 1`, "<excluded>"},
		{`2001:db8::1 - - [17/May/2015:10:05:04 +0000] "GET /get/x HTTP/1.1" 200 1`, "<excluded>"},
	})
}

func TestCheckNamesTheSetting(t *testing.T) {
	for setting, o := range map[string]Options{
		"type": {Type: "A"}, "format": {Format: "xml"}, "regexp": {Regexp: regexp.MustCompile("(?P<ip>.)")},
		"time-layout": {TimeLayout: "15:04:05"},
	} {
		if list := Check(o); len(list) != 1 || list[0].Setting != setting {
			t.Errorf("%s: %v", setting, list)
		}
		if _, err := New(o); err == nil {
			t.Errorf("%s: no error", setting)
		}
	}
}

// The hand-written Apache time agrees with package time, every day of 400 years.
func TestApacheSeconds(t *testing.T) {
	day := time.Date(1900, 1, 1, 13, 14, 15, 0, time.FixedZone("", -5400))
	for range 366 * 400 {
		text := day.Format("02/Jan/2006:15:04:05 -0700")
		if sec, ok := apacheSeconds([]byte(text)); !ok || sec != day.Unix() {
			t.Fatalf("%s: %d, %v; want %d", text, sec, ok, day.Unix())
		}
		day = day.AddDate(0, 0, 1)
	}
}

const (
	glowLine     = "203.0.113.7 1395100800"
	combinedLine = `83.149.9.216 - - [17/May/2015:10:05:03 +0000] "GET /presentations/logstash-monitorama-2013/images/kibana-search.png HTTP/1.1" 200 203023 "http://semicomplete.com/presentations/logstash-monitorama-2013/" "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_9_1) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/32.0.1700.77 Safari/537.36"`
)

func TestAppendDoesNotAllocate(t *testing.T) {
	for _, c := range []struct{ format, line string }{
		{"glow", glowLine},
		{"glow", "2001:db8::1 1395100800 share:x"},
		{"glow", "rubbish \xff"},
		{"glow", "203.0.113.7 2014-03-18T00:00:00Z"},
		{"combined", combinedLine},
	} {
		p, line, dst := parser(t, Options{Format: c.format}), []byte(c.line), make([]byte, 0, 1000)
		if n := testing.AllocsPerRun(100, func() { _, _, _ = p.Append(dst, line) }); n != 0 {
			t.Errorf("%s: %q: %v allocations", c.format, c.line, n)
		}
	}
}

func bench(b *testing.B, o Options, line string) {
	p, text, dst := parser(b, o), []byte(line), make([]byte, 0, 1000)
	b.ReportAllocs()
	b.SetBytes(int64(len(line)))
	for b.Loop() {
		if _, _, reason := p.Append(dst, text); reason != OK {
			b.Fatal(reason)
		}
	}
}

func BenchmarkGlow(b *testing.B)     { bench(b, Options{}, glowLine) }
func BenchmarkCombined(b *testing.B) { bench(b, Options{Format: "combined"}, combinedLine) }
func BenchmarkJSON(b *testing.B) {
	bench(b, Options{Format: "json"}, `{"ip":"203.0.113.7","time":1395100800,"status":200,"request":"GET /"}`)
}

func BenchmarkRegexp(b *testing.B) {
	bench(b, Options{Regexp: regexp.MustCompile(`^(?P<ip>\S+) \S+ \S+ \[(?P<time>[^]]+)\] "(?P<request>[^"]*)" (?P<status>\d+)`)}, combinedLine)
}
