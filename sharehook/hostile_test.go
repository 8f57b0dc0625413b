package main

import (
	"io"
	"net"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

// talk sends bytes, ends its side and returns the codes of all answers.
func talk(t testing.TB, h *hook, text string) string {
	t.Helper()
	u, _ := url.Parse(h.url)
	c, err := net.Dial("tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(time.Minute))
	_, _ = io.WriteString(c, text) // it may be cut off on the way
	_ = c.(*net.TCPConn).CloseWrite()
	b, _ := io.ReadAll(c)
	var codes []string
	for _, m := range regexp.MustCompile(`(?m)^HTTP/1\.\d (\d{3})`).FindAllStringSubmatch(string(b), -1) {
		codes = append(codes, m[1])
	}
	return strings.Join(codes, " ")
}

// Requests as bytes: what each is answered, and how many shares it makes.
func TestConversations(t *testing.T) {
	const (
		body  = `{"type":"twitter"}`
		head  = "POST /share HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
		good  = head + "Content-Length: 18\r\n\r\n" + body
		chunk = head + "Transfer-Encoding: chunked\r\n"
	)
	h := start(t, t.TempDir(), nowhere)
	for _, c := range []struct {
		name, text, answers string
		shares              int
	}{
		{"good", good, "204", 1},
		{"three at once", good + good + good, "204 204 204", 3},
		{"bad between good", good + "GET /x HTTP/1.1\r\nHost: x\r\n\r\n" + good, "204 404 204", 2},
		{"good behind a refused body", "POST /share HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nabcde" + good, "415 204", 1},
		{"HTTP/1.0", strings.Replace(good, "1.1", "1.0", 1), "204", 1},
		{"HTTP/1.0 ends", strings.Replace(good, "1.1", "1.0", 1) + good, "204", 1},
		{"HTTP/1.0 kept alive", strings.Replace(good, "HTTP/1.1\r\n", "HTTP/1.0\r\nConnection: keep-alive\r\n", 1) + good, "204 204", 2},
		{"HTTP/0.9", "GET /share\r\n\r\n", "400", 0},
		{"HTTP/3.0", strings.Replace(good, "1.1", "3.0", 1), "505", 0},
		{"HTTP/2 unasked", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "404", 0},
		{"upgrade to HTTP/2", "GET /share HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n", "405", 0},
		{"lines end in LF", strings.ReplaceAll(good, "\r\n", "\n"), "204", 1},
		{"expects 100", strings.Replace(good, "Host", "Expect: 100-continue\r\nHost", 1), "100 204", 1},
		{"expects 100 for too much", strings.Replace(head, "Host", "Expect: 100-continue\r\nHost", 1) + "Content-Length: 5000\r\n\r\n", "413", 0},
		{"expects what is not", strings.Replace(good, "Host", "Expect: tea\r\nHost", 1), "417", 0},
		{"absolute address", strings.Replace(good, "/share", "http://elsewhere/share", 1), "204", 1},
		{"path upwards", strings.Replace(good, "/share", "/x/../share", 1), "404", 0},
		{"escaped path", strings.Replace(good, "/share", "/%73hare", 1), "204", 1},
		{"lower-case method", strings.Replace(good, "POST", "post", 1), "405", 0},
		{"TRACE", "TRACE /share HTTP/1.1\r\nHost: x\r\n\r\n", "405", 0},
		{"CONNECT", "CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n", "404", 0},
		{"no host", "GET / HTTP/1.1\r\n\r\n", "400", 0},
		{"two hosts", "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", "400", 0},

		{"two equal lengths", strings.Replace(good, "Host", "Content-Length: 18\r\nHost", 1), "204", 1},
		{"two lengths", strings.Replace(good, "Host", "Content-Length: 17\r\nHost", 1), "400", 0},
		{"negative length", head + "Content-Length: -1\r\n\r\n", "400", 0},
		{"length with a sign", head + "Content-Length: +18\r\n\r\n" + body, "400", 0},
		{"length in hexadecimal", head + "Content-Length: 0x12\r\n\r\n" + body, "400", 0},
		{"length list", head + "Content-Length: 18, 18\r\n\r\n" + body, "400", 0},
		{"length too short", head + "Content-Length: 17\r\n\r\n" + body, "400", 0},
		{"length too long", head + "Content-Length: 19\r\n\r\n" + body, "400", 0},
		{"huge length", head + "Content-Length: 99999999999\r\n\r\n", "413", 0},
		{"length beyond numbers", head + "Content-Length: 99999999999999999999\r\n\r\n", "400", 0},

		{"chunks", chunk + "\r\n12\r\n" + body + "\r\n0\r\n\r\n", "204", 1},
		{"chunks end the connection", chunk + "\r\n12\r\n" + body + "\r\n0\r\n\r\n" + good, "204", 1},
		{"smuggled behind chunks, CL.TE", chunk + "Content-Length: 6\r\n\r\n0\r\n\r\n" + good, "400", 0},
		{"smuggled inside chunks, TE.CL", chunk + "Content-Length: 4\r\n\r\n12\r\n" + body + "\r\n0\r\n\r\n" + good, "204", 1},
		{"smuggled by another coding", head + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + good, "501", 0},
		{"smuggled by two codings", head + "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" + good, "501", 0},
		{"smuggled by a list of codings", head + "Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n" + good, "501", 0},
		{"smuggled by a space", head + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + good, "400", 0},
		{"smuggled by a fold", head + "X: y\r\n Transfer-Encoding: chunked\r\n\r\n" + good, "400 204", 1},
		{"smuggled by NUL", head + "Transfer-Encoding: chunked\x00\r\n\r\n0\r\n\r\n" + good, "400", 0},
		{"smuggled by VT", head + "Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n" + good, "400", 0},
		{"smuggled by a bare CR", head + "X: y\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + good, "400", 0},
		{"no chunk size", chunk + "\r\nx\r\n\r\n" + good, "400", 0},
		{"huge chunk", chunk + "\r\nffffffffffffffff\r\n" + body, "400", 0},
		{"chunk size that overflows", chunk + "\r\n10000000000000012\r\n" + body, "400", 0},
		{"too much in chunks", chunk + "\r\n" + strings.Repeat("200\r\n"+strings.Repeat("x", 512)+"\r\n", 9) + "0\r\n\r\n", "413", 0},
		{"long chunk extension", chunk + "\r\n12;" + strings.Repeat("x", 5000) + "\r\n" + body + "\r\n0\r\n\r\n", "400", 0},
		{"trailers", chunk + "\r\n12\r\n" + body + "\r\n0\r\nX-Forwarded-For: 8.8.8.8\r\nContent-Length: 5\r\n\r\n", "204", 1},

		{"many header lines", head + strings.Repeat("X: y\r\n", 101) + "\r\n", "400", 0},
		{"many header lines later", good + strings.Replace(good, "Host", strings.Repeat("X: y\r\n", 101)+"Host", 1), "204 400", 1},
		{"many header lines in all", strings.Repeat(strings.Replace(good, "Host", strings.Repeat("X: y\r\n", 40)+"Host", 1), 20), strings.Repeat("204 ", 19) + "204", 20},
		{"many lines in a body", good + strings.Replace(good, "18\r\n\r\n", "218\r\n\r\n"+strings.Repeat("\n", 200), 1) + good, "204 204 204", 3},
		{"long header line", head + "X: " + strings.Repeat("x", 20<<10) + "\r\n\r\n", "431", 0},
		{"header line without end", head + "X: " + strings.Repeat("x", 1<<20), "431", 0},
		{"long address", "GET /share?" + strings.Repeat("x", 20<<10) + " HTTP/1.1\r\nHost: x\r\n\r\n", "431", 0},
		{"no colon", head + "nonsense\r\n\r\n", "400", 0},
		{"NUL in a header", head + "X: \x00\r\n\r\n", "400", 0},
		{"TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", "400", 0},
		{"nothing but lines", strings.Repeat("\r\n", 100), "400", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := len(spooled(t, h.spool))
			got := talk(t, h, c.text)
			if n := len(spooled(t, h.spool)) - before; got != c.answers || n != c.shares {
				t.Errorf("answered %q with %d shares, want %q with %d", got, n, c.answers, c.shares)
			}
		})
	}
	for _, line := range spooled(t, h.spool) {
		if !strings.HasPrefix(line, "127.0.0.1 ") {
			t.Errorf("stored %q", line)
		}
	}
}
