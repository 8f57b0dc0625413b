package parse

import "bytes"

// s3Fields reads the server access logs of S3:
//
//	owner bucket [06/Feb/2019:00:00:38 +0000] IP requester id operation key "request" status …
//
// What follows the status is not looked at. What S3 does by itself, such as
// deleting what has expired, has no address: "-".
func (p *Parser) s3Fields(line []byte, r *record) Reason {
	open := bytes.Index(line, []byte(" ["))
	if open < 0 {
		return Format
	}
	rest := line[open+2:]
	end := bytes.Index(rest, []byte("] "))
	if end < 0 {
		return Format
	}
	r.time, rest = rest[:end], rest[end+2:]
	r.ip, rest = word(rest)
	for range 4 { // requester, id, operation, key
		var w []byte
		if w, rest = word(rest); len(w) == 0 {
			return Format
		}
	}
	if r.request, rest = s3Request(rest); rest == nil {
		return Format
	}
	r.hasRequest = true
	r.status, _ = word(rest)
	if string(r.status) != "-" && (len(r.status) != 3 || !isStatus(r.status)) {
		return Format
	}
	return OK
}

// word splits off what stands before the first space.
func word(b []byte) (w, rest []byte) {
	if i := bytes.IndexByte(b, ' '); i >= 0 {
		return b[:i], b[i+1:]
	}
	return b, nil
}

// s3Request splits off the request, a dash or something in quotation marks. S3
// does not escape those, so it ends where a status follows.
func s3Request(b []byte) (request, rest []byte) {
	if len(b) > 1 && b[0] == '-' && b[1] == ' ' {
		return b[:1], b[2:]
	}
	if len(b) == 0 || b[0] != '"' {
		return nil, nil
	}
	b = b[1:]
	for at := 0; ; {
		i := bytes.Index(b[at:], []byte(`" `))
		if i < 0 {
			return nil, nil
		}
		at += i
		if after := b[at+2:]; len(after) >= 3 && isStatus(after) || bytes.HasPrefix(after, []byte("- ")) {
			return b[:at], after
		}
		at++
	}
}
