// Package parse turns log lines into events in the wire format of package
// event, or into drops. Every line is one or the other:
//
//	empty      nothing, or white space, or the head of a log that has one: the names of
//	           CSV's columns, CloudFront's lines with #
//	long       more than [MaxLine] bytes (found by package follow, which skips to its end)
//	binary     cannot be read as below, and holds NUL or is not UTF-8: rather damage than a wrong setting
//	format     does not have the fields of the format
//	ip         the address is no IPv4 or IPv6 address
//	time       the timestamp cannot be read, or lies before 1970 or after 9999
//	type       the type does not match [a-z0-9][a-z0-9:_-]{0,31}
//	attrs      the attributes (fourth field of format glow) are no valid query string
//	unmatched  well-formed, but not what --match or --status ask for
//	early      well-formed, but before --not-before
//	excluded   well-formed, but from an address in --exclude
//
// The first reason in this order counts, but for binary, which is said only of
// lines that fail in one of the ways listed after it up to attrs. NUL bytes
// before a line are no part of it: a power failure or a careless copytruncate
// leaves runs of them.
package parse

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"regexp"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/glowmap/glow/internal/event"
)

// MaxLine is the longest line that is looked at, in bytes.
const MaxLine = 64 << 10

// Reason says why a line became no event. The zero Reason is that it did.
type Reason uint8

// The reasons, in the order of the package comment.
const (
	OK Reason = iota
	Empty
	Long
	Binary
	Format
	IP
	Time
	Type
	Attrs
	Unmatched
	Early
	Excluded
	Reasons // how many there are
)

var reasonNames = [Reasons]string{"ok", "empty", "long", "binary", "format", "ip", "time", "type", "attrs", "unmatched", "early", "excluded"}

// String is the reason's name in metrics, in Redis and in summaries.
func (r Reason) String() string { return reasonNames[r] }

// Options say how to read lines and which of them count.
type Options struct {
	Format     string         // glow, combined, json, csv, cloudfront or s3access; ignored if there is a Regexp
	Header     string         // the line that names the columns of csv; of cloudfront, if they are not the usual ones
	Regexp     *regexp.Regexp // own format with the groups ip, time, type, status, request
	JSONKeys   JSONKeys       // of format json; names of columns of csv
	TimeLayout string         // as in package time; empty: found out for each line
	Type       string         // of lines that name none; empty: download
	Match      *regexp.Regexp // what the request, or else the line, must match
	Status     []string       // the status codes that count; empty: all
	Attrs      []Attr         // attributes to keep; none: only format glow has some, as they are
	NotBefore  time.Time      // earlier events are dropped
	Exclude    []netip.Prefix // events from there are dropped
}

// record is what a format found in a line.
type record struct {
	ip, time, kind, attrs, status, request []byte
	hasRequest                             bool
	plain                                  bool // the time is written as we write it
}

// Parser reads the lines of one format. It may be used by one goroutine at a time.
type Parser struct {
	o      Options
	fields func(p *Parser, line []byte, r *record) Reason
	keys   jsonKeys
	groups groups
	attrs  attrs
	table  table
	kind   []byte
	r      record // of the line under way, here so that it need not be allocated
	after  int64  // the earliest second that counts
}

// Problem is a bad option: the setting's name as a flag, and what is wrong.
type Problem struct {
	Setting string
	Err     error
}

// Check lists what is wrong with the options.
func Check(o Options) []Problem {
	var list []Problem
	if o.Type != "" && !event.ValidType([]byte(o.Type)) {
		list = append(list, Problem{"type", errors.New("want 1 to 32 of a-z, 0-9, colon, underscore and dash, beginning with a letter or digit")})
	}
	if err := checkLayout(o.TimeLayout); err != nil {
		list = append(list, Problem{"time-layout", err})
	}
	if o.Regexp != nil {
		var g groups
		if err := g.find(o.Regexp); err != nil {
			list = append(list, Problem{"regexp", err})
		}
	} else if _, ok := formats[o.Format]; !ok {
		list = append(list, Problem{"format", errors.New("unknown: want glow, combined, json, csv, cloudfront or s3access, or use --regexp")})
	} else if _, err := newTable(o); err != nil {
		list = append(list, Problem{"header", err})
	}
	return list
}

var formats = map[string]func(*Parser, []byte, *record) Reason{
	"":           (*Parser).glowFields,
	"glow":       (*Parser).glowFields,
	"combined":   (*Parser).combinedFields,
	"json":       (*Parser).jsonFields,
	"csv":        (*Parser).csvFields,
	"cloudfront": (*Parser).cloudfrontFields,
	"s3access":   (*Parser).s3Fields,
}

// New makes a parser; its error is the first of Check.
func New(o Options) (*Parser, error) {
	for _, problem := range Check(o) {
		return nil, fmt.Errorf("%s: %w", problem.Setting, problem.Err)
	}
	if o.Type == "" {
		o.Type = "download"
	}
	p := &Parser{o: o, kind: []byte(o.Type), keys: o.JSONKeys.split(), after: math.MinInt64, fields: formats[o.Format], attrs: newAttrs(o)}
	if o.Regexp != nil {
		p.fields = (*Parser).regexpFields
		_ = p.groups.find(o.Regexp) // checked
	} else {
		p.table, _ = newTable(o) // checked
		p.attrs.columns(&p.table)
	}
	if !o.NotBefore.IsZero() {
		p.after = o.NotBefore.Add(time.Second - 1).Unix()
	}
	return p, nil
}

// Append appends the event of a line (given without its newline) in wire
// format and a newline to dst, and also returns its time in Unix seconds. If
// the line is a drop, dst is returned as it was, with the reason.
func (p *Parser) Append(dst, line []byte) ([]byte, int64, Reason) {
	n := len(dst)
	dst, sec, reason := p.append(dst, line)
	if reason == OK {
		return dst, sec, OK
	}
	if reason >= Format && reason <= Attrs && damaged(line) {
		reason = Binary
	}
	return dst[:n], 0, reason
}

func (p *Parser) append(dst, line []byte) ([]byte, int64, Reason) {
	if len(line) > MaxLine {
		if line = bytes.TrimLeft(line, "\x00"); len(line) > MaxLine {
			return dst, 0, Long
		}
	}
	line = trim(line)
	if len(line) == 0 {
		return dst, 0, Empty
	}
	p.r = record{kind: p.kind}
	r := &p.r
	if len(p.attrs.list) > 0 {
		p.attrs.begin()
	}
	if reason := p.fields(p, line, r); reason != OK {
		return dst, 0, reason
	}
	dst, addr, ok := appendAddr(dst, r.ip)
	if !ok {
		return dst, 0, IP
	}
	sec, ok := p.seconds(r.time)
	if !ok || sec < 0 || sec > event.MaxTime {
		return dst, 0, Time
	}
	if !event.ValidType(r.kind) {
		return dst, 0, Type
	}
	if r.attrs != nil && !event.ValidAttrs(r.attrs) {
		return dst, 0, Attrs
	}
	if reason := p.filter(line, r, sec, addr); reason != OK {
		return dst, 0, reason
	}
	if len(p.attrs.list) > 0 {
		r.attrs = p.attrs.collect(r)
	}
	return appendRest(dst, sec, r), sec, OK
}

func appendRest(dst []byte, sec int64, r *record) []byte {
	dst = append(dst, ' ')
	if r.plain {
		dst = append(dst, r.time...)
	} else {
		dst = strconv.AppendInt(dst, sec, 10)
	}
	dst = append(append(dst, ' '), r.kind...)
	if r.attrs != nil {
		dst = append(append(dst, ' '), r.attrs...)
	}
	return append(dst, '\n')
}

// filter applies the settings that say which well-formed lines count.
func (p *Parser) filter(line []byte, r *record, sec int64, addr netip.Addr) Reason {
	if p.o.Match != nil {
		subject := line
		if r.hasRequest {
			subject = r.request
		}
		if !p.o.Match.Match(subject) {
			return Unmatched
		}
	}
	if len(p.o.Status) > 0 && !contains(p.o.Status, r.status) {
		return Unmatched
	}
	if sec < p.after {
		return Early
	}
	if len(p.o.Exclude) > 0 && p.excludes(addr, r.ip) {
		return Excluded
	}
	return OK
}

func contains(list []string, b []byte) bool {
	for _, s := range list {
		if s == string(b) {
			return true
		}
	}
	return false
}

// excludes parses the address if the fast path did not.
func (p *Parser) excludes(addr netip.Addr, ip []byte) bool {
	if !addr.IsValid() {
		addr, _ = event.ParseAddr(ip)
	}
	for _, x := range p.o.Exclude {
		if x.Contains(addr) {
			return true
		}
	}
	return false
}

// trim takes off NULs before and white space around a line.
func trim(line []byte) []byte {
	if len(line) > 0 && line[0] > ' ' && line[len(line)-1] > ' ' {
		return line
	}
	return bytes.Trim(bytes.TrimLeft(line, "\x00"), " \t\r\v\f")
}

func damaged(line []byte) bool {
	return bytes.IndexByte(line, 0) >= 0 || !utf8.Valid(line)
}
