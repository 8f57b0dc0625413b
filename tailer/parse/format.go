package parse

import (
	"bytes"
	"errors"
	"regexp"
)

// glowFields reads "IP TIMESTAMP [TYPE [ATTRIBUTES]]", what our syslog-ng
// configuration writes. Fields are separated by spaces or tabs; a timestamp in
// square brackets may hold spaces.
func (p *Parser) glowFields(line []byte, r *record) Reason {
	var rest []byte
	r.ip, rest = field(line)
	if len(rest) > 0 && rest[0] == '[' {
		end := bytes.IndexByte(rest, ']')
		if end < 0 {
			return Format
		}
		r.time, rest = rest[:end+1], bytes.TrimLeft(rest[end+1:], " \t")
	} else {
		r.time, rest = field(rest)
	}
	if len(r.time) == 0 {
		return Format
	}
	if len(rest) > 0 {
		r.kind, rest = field(rest)
	}
	if len(rest) > 0 {
		r.attrs, rest = field(rest)
	}
	if len(rest) > 0 {
		return Format
	}
	return OK
}

// field splits off what stands before the first space or tab.
func field(b []byte) (first, rest []byte) {
	for i, c := range b {
		if c != ' ' && c != '\t' {
			continue
		}
		first, rest = b[:i], b[i+1:]
		for len(rest) > 0 && (rest[0] == ' ' || rest[0] == '\t') {
			rest = rest[1:]
		}
		return first, rest
	}
	return b, nil
}

// combinedFields reads the combined format of Apache and nginx:
//
//	IP identity user [17/May/2015:10:05:03 +0000] "request" status size "referrer" "agent"
//
// What follows the status is not looked at. The user may hold spaces.
func (p *Parser) combinedFields(line []byte, r *record) Reason {
	sp := bytes.IndexByte(line, ' ')
	if sp < 0 {
		return Format
	}
	var rest []byte
	r.ip, rest = line[:sp], line[sp:]
	open := bytes.Index(rest, []byte(" ["))
	if open < 0 {
		return Format
	}
	rest = rest[open+2:]
	end := bytes.Index(rest, []byte(`] "`))
	if end < 0 {
		return Format
	}
	if i := bytes.LastIndexByte(rest[:end], '['); i >= 0 { // a bracket in the user
		rest, end = rest[i+1:], end-i-1
	}
	r.time, rest = rest[:end], rest[end+3:]
	if end = quoteEnd(rest); end < 0 {
		return Format
	}
	r.request, r.hasRequest, rest = rest[:end], true, rest[end+1:]
	if len(rest) < 4 || rest[0] != ' ' || !isStatus(rest[1:4]) || len(rest) > 4 && rest[4] != ' ' {
		return Format
	}
	r.status = rest[1:4]
	return OK
}

// quoteEnd finds the next quotation mark that is not escaped.
func quoteEnd(b []byte) int {
	for at := 0; ; {
		i := bytes.IndexByte(b[at:], '"')
		if i < 0 {
			return -1
		}
		at += i
		slashes := 0
		for slashes < at && b[at-1-slashes] == '\\' {
			slashes++
		}
		if slashes%2 == 0 {
			return at
		}
		at++
	}
}

func isStatus(b []byte) bool {
	return b[0] >= '1' && b[0] <= '9' && b[1] >= '0' && b[1] <= '9' && b[2] >= '0' && b[2] <= '9'
}

// groups are the numbers of a regexp's named groups, -1 for those it lacks.
type groups struct{ ip, time, kind, status, request int }

func (g *groups) find(re *regexp.Regexp) error {
	*g = groups{re.SubexpIndex("ip"), re.SubexpIndex("time"), re.SubexpIndex("type"), re.SubexpIndex("status"), re.SubexpIndex("request")}
	if g.ip < 0 || g.time < 0 {
		return errors.New("the regexp needs the groups (?P<ip>…) and (?P<time>…)")
	}
	return checkAttrGroups(re)
}

func (p *Parser) regexpFields(line []byte, r *record) Reason {
	m := p.o.Regexp.FindSubmatchIndex(line)
	if m == nil {
		return Format
	}
	group := func(i int) []byte {
		if i < 0 || m[2*i] < 0 {
			return nil
		}
		return line[m[2*i]:m[2*i+1]]
	}
	r.ip, r.time, r.status = group(p.groups.ip), group(p.groups.time), group(p.groups.status)
	if kind := group(p.groups.kind); len(kind) > 0 {
		r.kind = kind
	}
	r.request = group(p.groups.request)
	r.hasRequest = r.request != nil
	for i, number := range p.attrs.group {
		p.attrs.found[i] = group(number)
	}
	return OK
}
