package oracle

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// Format says how a line is read.
type Format struct {
	Name   string         // glow, combined, json or regexp
	Regexp *regexp.Regexp // of regexp, with the groups ip, time, type, status and request
	Layout string         // --time-layout
	Type   string         // --type, for lines that name none; empty means download
	Match  *regexp.Regexp // --match
	Status []string       // --status
	Attrs  string         // --attrs
}

type event struct {
	addr  netip.Addr
	time  int64
	typ   string
	attrs string
}

// fields are what a line says, as text.
type fields struct {
	ip, time, typ, attrs, status, request string

	own     map[string]string // groups attr_KEY of a regexp
	members map[string]string // of a JSON object

	hasRequest bool
}

// maxLine is the longest line in bytes.
const maxLine = 64 << 10

// parse reads one line or gives the reason to drop it. NUL bytes before a line
// and white space around it are no part of it. A line that cannot be read is
// called binary where that is the likelier cause.
func (f Format) parse(line []byte) (event, string) {
	if len(line) > maxLine {
		return event{}, "long"
	}
	s := strings.Trim(strings.TrimLeft(string(line), "\x00"), " \t\r\v\f")
	if s == "" {
		return event{}, "empty"
	}
	found, ok := f.split(s)
	if !ok {
		return event{}, damage(line, "format")
	}
	e, reason := f.event(found)
	if reason != "" && reason != "unmatched" {
		reason = damage(line, reason)
	}
	return e, reason
}

func damage(line []byte, reason string) string {
	if bytes.IndexByte(line, 0) >= 0 || !utf8.Valid(line) {
		return "binary"
	}
	return reason
}

func (f Format) event(s fields) (e event, reason string) {
	var ok bool
	if e.addr, ok = address(s.ip); !ok {
		return e, "ip"
	}
	if e.time, ok = f.seconds(s.time); !ok {
		return e, "time"
	}
	if e.typ = s.typ; e.typ == "" {
		e.typ = f.Type
	}
	if e.typ == "" {
		e.typ = "download"
	}
	if !typeForm.MatchString(e.typ) {
		return e, "type"
	}
	if s.attrs != "" && !attrsForm.MatchString(s.attrs) || len(s.attrs) > 512 {
		return e, "attrs"
	}
	if !f.wanted(s) {
		return e, "unmatched"
	}
	e.attrs = f.attributes(s)
	return e, ""
}

var (
	typeForm  = regexp.MustCompile(`^[a-z0-9][a-z0-9:_-]{0,31}$`)
	attrsForm = regexp.MustCompile(`^[a-z0-9_]{1,32}=[!-%\x27-~]*(&[a-z0-9_]{1,32}=[!-%\x27-~]*)*$`)
)

func (f Format) wanted(s fields) bool {
	if f.Match != nil && !f.Match.MatchString(s.request) {
		return false
	}
	for _, status := range f.Status {
		if s.status == status {
			return true
		}
	}
	return len(f.Status) == 0
}

// address reads an address as netip does, without a zone; an IPv4 address in
// IPv6 clothes counts as what it is.
func address(s string) (netip.Addr, bool) {
	a, err := netip.ParseAddr(s)
	return a.Unmap(), err == nil && a.Zone() == ""
}

func (f Format) split(line string) (fields, bool) {
	switch f.Name {
	case "glow":
		return splitRegexp(glowLine, line)
	case "combined":
		return splitRegexp(combined, line)
	case "json":
		return splitJSON(line)
	default:
		return splitRegexp(f.Regexp, line)
	}
}

// Fields of our own format are separated by spaces or tabs; a time in square
// brackets may hold spaces.
var glowLine = regexp.MustCompile(`^(?P<ip>[^ \t]+)[ \t]+(?P<time>\[[^\]]*\]|[^ \t]+)(?:[ \t]+(?P<type>[^ \t]+)(?:[ \t]+(?P<attrs>[^ \t]+))?)?$`)

// The combined format of Apache and nginx, of which what follows the status
// does not matter here.
var combined = regexp.MustCompile(`^(?P<ip>\S+) \S+ .*?\[(?P<time>[^\]]*)\] "(?P<request>(?:[^"\\]|\\.)*)" (?P<status>\d{3})(?: |$)`)

func splitRegexp(re *regexp.Regexp, line string) (fields, bool) {
	m := re.FindStringSubmatch(line)
	if m == nil {
		return fields{}, false
	}
	s := fields{request: line, own: map[string]string{}}
	at := re.FindStringSubmatchIndex(line)
	for i, name := range re.SubexpNames() {
		switch name {
		case "ip":
			s.ip = m[i]
		case "time":
			s.time = m[i]
		case "type":
			s.typ = m[i]
		case "attrs":
			s.attrs = m[i]
		case "status":
			s.status = m[i]
		case "request":
			s.request, s.hasRequest = m[i], at[2*i] >= 0
		}
		if key, ok := strings.CutPrefix(name, "attr_"); ok && at[2*i] >= 0 {
			s.own[key] = m[i]
		}
	}
	return s, true
}

func splitJSON(line string) (s fields, ok bool) {
	d := json.NewDecoder(strings.NewReader(line))
	d.UseNumber()
	var m map[string]any
	if err := d.Decode(&m); err != nil || m == nil || d.More() {
		return s, false
	}
	s.members = map[string]string{}
	members(m, "", s.members)
	for name, to := range map[string]*string{
		"ip": &s.ip, "time": &s.time, "type": &s.typ, "status": &s.status, "request": &s.request,
	} {
		switch v := m[name].(type) {
		case string:
			*to = v
		case json.Number:
			*to = v.String()
		}
	}
	s.hasRequest = s.request != ""
	return s, s.ip != "" && s.time != ""
}

// members lists the strings, numbers and truth values in an object and, after
// a dot, in the objects inside.
func members(object map[string]any, path string, into map[string]string) {
	for name, value := range object {
		switch v := value.(type) {
		case string, json.Number, bool:
			into[path+name] = fmt.Sprint(v)
		case map[string]any:
			members(v, path+name+".", into)
		}
	}
}

// number is Unix seconds, perhaps with a fraction.
var number = regexp.MustCompile(`^(\d{1,12})(\.\d*)?$`)

// seconds reads a time: the layout's where one is given, else Unix seconds,
// Unix milliseconds (13 digits), RFC 3339 or Apache's form.
func (f Format) seconds(s string) (int64, bool) {
	if f.Layout != "" {
		t, err := time.Parse(f.Layout, s)
		return inRange(t.Unix(), err)
	}
	if len(s) > 1 && s[0] == '[' && s[len(s)-1] == ']' {
		s = s[1 : len(s)-1]
	}
	if m := number.FindStringSubmatch(s); m != nil {
		n, err := strconv.ParseInt(m[1], 10, 64)
		return inRange(n, err)
	}
	if n, err := strconv.ParseUint(s, 10, 63); err == nil && len(s) == 13 {
		return inRange(int64(n/1000), nil)
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t, err = time.Parse("02/Jan/2006:15:04:05 -0700", s)
	}
	return inRange(t.Unix(), err)
}

// inRange refuses what lies before 1970 and after the year 9999.
func inRange(seconds int64, err error) (int64, bool) {
	return seconds, err == nil && seconds >= 0 && seconds <= 253402300799
}
