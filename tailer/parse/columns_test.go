package parse

import (
	"regexp"
	"testing"
)

const cloudfrontLine = "2014-03-18\t00:00:00\tLAX1\t2390282\t203.0.113.7\tGET\td111111abcdef8.cloudfront.net\t/get/setup.exe\t200\t-\t" +
	"Mozilla/5.0%20(Windows)\tos=win&lang=fr\t-\tHit\tSOX4xwn4XV6Q4rgb7XiVGOHms_BGlTAC4KyHmureZmBNrjGdRLiNIQ==\t" +
	"d111111abcdef8.cloudfront.net\thttps\t23\t0.001\t-\tTLSv1.2\tECDHE-RSA-AES128-GCM-SHA256\tHit\tHTTP/2.0\t-\t-"

func TestCloudFront(t *testing.T) {
	match := Options{Format: "cloudfront", Match: regexp.MustCompile(`^GET /get/setup\.exe\?os=win&lang=fr HTTP/2\.0$`), Status: []string{"200"}}
	check(t, parser(t, match), [][2]string{
		{"#Version: 1.0", "<empty>"},
		{cloudfrontHeader, "<empty>"},
		{cloudfrontLine, "203.0.113.7 1395100800 download"},
		{"2014-03-18\t00:00:00\tLAX1\t1\t2001:db8::1\tGET\th\t/x\t200\t-\t-\t-", "<unmatched>"},
		{"2014-03-18\t00:00:00\tLAX1\t1\t2001:db8::1\tGET\th\t/x\t200\t-\t-", "<format>"},
		{"2014-03-18\t25:00:00\tLAX1\t1\t2001:db8::1\tGET\th\t/x\t200\t-\t-\t-", "<time>"},
		{"2014-03-18\t00:00:00\tLAX1\t1\t-\tGET\th\t/x\t200\t-\t-\t-", "<ip>"},
		{"x", "<format>"},
	})
	check(t, parser(t, Options{Format: "cloudfront", Header: "#Fields: timestamp c-ip sc-status"}), [][2]string{
		{"#Fields: timestamp c-ip sc-status", "<empty>"},
		{"1395100800\t2001:db8::1\t200", "2001:db8::1 1395100800 download"},
		{"1395100800\t2001:db8::1\t200\tnew", "2001:db8::1 1395100800 download"},
		{"1395100800\t2001:db8::1", "<format>"},
	})
}

func TestCSV(t *testing.T) {
	check(t, parser(t, Options{Format: "csv", Header: "\ufeffTime,IP,country,Request,Type\r\n", Match: regexp.MustCompile(`^GET "x", y$|^$`)}), [][2]string{
		{"Time,IP,country,Request,Type", "<empty>"},
		{"\ufeffTime,IP,country,Request,Type\r", "<empty>"},
		{`1395100800,203.0.113.7,DE,"GET ""x"", y",`, "203.0.113.7 1395100800 download"},
		{`"1395100800","203.0.113.7","","",share:x`, "203.0.113.7 1395100800 share:x"},
		{`"1395100800","203.0.113.7","","GET",share:x`, "<unmatched>"},
		{`1395100800,203.0.113.7,DE,`, "<format>"},
		{`1395100800,203.0.113.7,DE,,,`, "<format>"},
		{`1395100800,203.0.113.7,DE,"GET,download`, "<format>"},
		{`1395100800,203.0.113.7,DE,"GET"x,download`, "<format>"},
		{`1395100800,x,DE,,`, "<ip>"},
	})
	keys, err := ParseJSONKeys("ip=Remote Addr,time=when")
	if err != nil {
		t.Fatal(err)
	}
	check(t, parser(t, Options{Format: "csv", Header: "when;remote addr", JSONKeys: keys}), [][2]string{
		{"2014-03-18T00:00:00Z;2001:DB8::1", "2001:db8::1 1395100800 download"},
	})
	check(t, parser(t, Options{Format: "csv", Header: "time\tip"}), [][2]string{{"1\t1.2.3.4", "1.2.3.4 1 download"}})
}

func TestHeaders(t *testing.T) {
	for _, o := range []Options{
		{Format: "csv"},
		{Format: "csv", Header: "ip,when"},
		{Format: "csv", Header: `ip,"time`},
		{Format: "cloudfront", Header: "date time c-ip"},
		{Format: "cloudfront", Header: "#Fields: date time x-edge-location"},
	} {
		if list := Check(o); len(list) != 1 || list[0].Setting != "header" {
			t.Errorf("%+v: %v", o, list)
		}
	}
}

const s3Line = `79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be downloads [18/Mar/2014:00:00:00 +0000] 203.0.113.7 ` +
	`arn:aws:iam::123456789012:user/x 3E57427F33A59F07 REST.GET.OBJECT get/setup.exe "GET /downloads/get/setup.exe?os=win HTTP/1.1" 206 - 113 2662992 7 5 ` +
	`"http://example.org/ "x"" "curl "200" - 7.15.1" - s9lzHYrFp76ZVxRcpX9+5cjAnEH2ROuNkd2BHfIa6UkFVdtjf5mKR3/eTPFvsiP/XV/VLi31234= SigV2 ECDHE-RSA-AES128-GCM-SHA256 AuthHeader`

func TestS3(t *testing.T) {
	check(t, parser(t, Options{Format: "s3access", Match: regexp.MustCompile(`^GET /downloads/get/setup\.exe\?os=win HTTP/1\.1$`), Status: []string{"206"}}), [][2]string{
		{s3Line, "203.0.113.7 1395100800 download"},
		{`o b [18/Mar/2014:00:00:00 +0000] 203.0.113.7 - i REST.GET.OBJECT - "GET / HTTP/1.1" 206 -`, "<unmatched>"},
	})
	check(t, parser(t, Options{Format: "s3access"}), [][2]string{
		{`o b [18/Mar/2014:00:00:00 +0000] 2001:db8::1 - i REST.GET.OBJECT k "GET /a"b HTTP/1.1" 200 -`, "2001:db8::1 1395100800 download"},
		{`o b [18/Mar/2014:00:00:00 +0000] 203.0.113.7 - i REST.COPY.OBJECT k - - -`, "203.0.113.7 1395100800 download"},
		{`o b [18/Mar/2014:00:00:00 +0000] - AmazonS3 i S3.EXPIRE.OBJECT k "-" - -`, "<ip>"},
		{`o b [18/Mar/2014:00:00:00 +0000] 203.0.113.7 - i REST.GET.OBJECT k "GET /`, "<format>"},
		{`o b [18/Mar/2014:00:00:00 +0000] 203.0.113.7 - i`, "<format>"},
		{`o b 18/Mar/2014:00:00:00 +0000 203.0.113.7`, "<format>"},
		{`o b [18/Mar/2014:00:00:00 +0000`, "<format>"},
	})
}

func TestColumnsDoNotAllocate(t *testing.T) {
	for format, line := range map[string]string{"cloudfront": cloudfrontLine, "s3access": s3Line, "csv": `203.0.113.7,1395100800,"a ""b"""`} {
		p, text, dst := parser(t, Options{Format: format, Header: map[string]string{"csv": "ip,time,agent"}[format]}), []byte(line), make([]byte, 0, 1000)
		if n := testing.AllocsPerRun(100, func() {
			if _, _, reason := p.Append(dst, text); reason != OK {
				t.Fatal(reason)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations", format, n)
		}
	}
}

func FuzzCloudFront(f *testing.F) {
	fuzz(f, Options{Format: "cloudfront", Match: regexp.MustCompile(`^GET /\S*\.(exe|dmg)`)}, cloudfrontLine, cloudfrontHeader, "#", "2014-03-18\t00:00:00\t\t\t::1")
}

func FuzzS3(f *testing.F) { fuzz(f, Options{Format: "s3access"}, s3Line) }

func FuzzCSV(f *testing.F) {
	fuzz(f, Options{Format: "csv", Header: "ip,time,type,request"}, `1.2.3.4,1,x,"GET ""y"""`, `"::1","1","",`, `"`, `,,,`)
}

// Any head line that is taken as a setting can be used on any line.
func FuzzHeader(f *testing.F) {
	f.Add("csv", "ip;time;\"a;b\"", "1.2.3.4;5;x")
	f.Add("cloudfront", "#Fields: c-ip timestamp cs-uri-stem", "1.2.3.4\t5\t/")
	f.Fuzz(func(t *testing.T, format, header, line string) {
		if o := (Options{Format: format, Header: header}); len(Check(o)) == 0 {
			parser(t, o).Append(nil, []byte(line))
		}
	})
}
