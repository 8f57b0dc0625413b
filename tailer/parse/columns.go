package parse

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"strings"
)

// cloudfrontHeader are the columns of CloudFront's standard logs. Later ones
// may be added behind them.
const cloudfrontHeader = "#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status " +
	"cs(Referer) cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol " +
	"cs-bytes time-taken x-forwarded-for ssl-protocol ssl-cipher x-edge-response-result-type cs-protocol-version"

// table says where the fields of an event stand in lines of columns. The lines
// do not say it themselves: reading may begin anywhere in a log.
type table struct {
	header []byte // the line that names the columns; no event
	comma  byte
	names  []string
	// Numbers of columns, -1 for those that there are not.
	ip, time, kind, status, request     int
	date, method, stem, query, protocol int
	need                                int // columns that a line must have
	cells                               [][]byte
	scratch                             []byte
}

// newTable reads the head line of a format that has one.
func newTable(o Options) (table, error) {
	switch {
	case o.Format == "csv":
		return csvTable(o.Header, o.JSONKeys)
	case o.Format == "cloudfront" && o.Header == "":
		return cloudfrontTable(cloudfrontHeader)
	case o.Format == "cloudfront":
		return cloudfrontTable(o.Header)
	}
	return table{}, nil
}

// csvTable reads a head line such as ip;time;type. What separates its names
// separates the cells of the lines.
func csvTable(header string, keys JSONKeys) (t table, err error) {
	header = strings.Trim(strings.TrimPrefix(header, "\ufeff"), " \r\n")
	if header == "" {
		return t, errors.New("format csv needs the head line that names its columns, such as ip,time,type (archiver import reads it from the file)")
	}
	t = table{header: []byte(header), comma: comma(header)}
	if !t.split([]byte(header)) {
		return t, errors.New("a quotation mark is not closed")
	}
	for _, c := range t.cells {
		t.names = append(t.names, string(bytes.ToLower(bytes.TrimSpace(c))))
	}
	t.ip, t.time, t.kind = t.column(keys.IP, "ip"), t.column(keys.Time, "time"), t.column(keys.Type, "type")
	t.status, t.request = t.column(keys.Status, "status"), t.column(keys.Request, "request")
	t.need = len(t.names)
	for field, at := range map[string]int{"ip": t.ip, "time": t.time} {
		if at < 0 {
			return t, fmt.Errorf("none of the columns %s is the %s: name it with --json-keys %s=COLUMN", strings.Join(t.names, ", "), field, field)
		}
	}
	return t, nil
}

// comma is what separates the names of a head line: the most frequent of tab,
// semicolon and comma.
func comma(header string) byte {
	best := byte(',')
	for _, c := range []byte(";\t") {
		if strings.Count(header, string(c)) > strings.Count(header, string(best)) {
			best = c
		}
	}
	return best
}

func cloudfrontTable(header string) (t table, err error) {
	names, ok := strings.CutPrefix(strings.TrimSpace(header), "#Fields:")
	if !ok {
		return t, errors.New("want CloudFront's line of names: #Fields: date time …")
	}
	t = table{comma: '\t', names: strings.Fields(names)}
	t.date, t.time, t.ip = t.column("", "date"), t.column("", "time"), t.column("", "c-ip")
	if at := t.column("", "timestamp"); t.date < 0 && at >= 0 { // Unix seconds, in newer logs
		t.time = at
	}
	t.status, t.method, t.stem = t.column("", "sc-status"), t.column("", "cs-method"), t.column("", "cs-uri-stem")
	t.query, t.protocol = t.column("", "cs-uri-query"), t.column("", "cs-protocol-version")
	t.kind, t.request = -1, -1
	if t.ip < 0 || t.time < 0 {
		return t, errors.New("want the columns c-ip, and date and time or timestamp")
	}
	t.need = max(t.date, t.time, t.ip, t.status, t.method, t.stem, t.query) + 1
	return t, nil
}

// column is the number of the column of a name, or else of the usual one; -1 if
// there is none.
func (t *table) column(name, usual string) int {
	for i, n := range t.names {
		if strings.EqualFold(n, cmp.Or(name, usual)) {
			return i
		}
	}
	return -1
}

// cell is the text of a column, nil if there is none.
func (t *table) cell(column int) []byte {
	if column < 0 || column >= len(t.cells) {
		return nil
	}
	return t.cells[column]
}

// csvFields reads lines of cells as RFC 4180 writes them, each in one line.
func (p *Parser) csvFields(line []byte, r *record) Reason {
	t := &p.table
	if line = bytes.TrimPrefix(line, []byte("\ufeff")); bytes.Equal(line, t.header) {
		return Empty
	}
	if !t.split(line) || len(t.cells) != t.need {
		return Format
	}
	r.ip, r.time, r.status, r.request = t.cell(t.ip), t.cell(t.time), t.cell(t.status), t.cell(t.request)
	r.hasRequest = t.request >= 0
	if kind := t.cell(t.kind); len(kind) > 0 {
		r.kind = kind
	}
	for i, column := range p.attrs.cell {
		p.attrs.found[i] = t.cell(column)
	}
	return OK
}

// split takes a line apart. The cells are parts of it, but for those with
// quotation marks inside.
func (t *table) split(line []byte) bool {
	t.cells, t.scratch = t.cells[:0], t.scratch[:0]
	for more := true; more; {
		var cell []byte
		var ok bool
		if cell, line, more, ok = t.next(line); !ok {
			return false
		}
		t.cells = append(t.cells, cell)
	}
	return true
}

// next splits the first cell off; more says that a comma stood behind it.
func (t *table) next(line []byte) (cell, rest []byte, more, ok bool) {
	if len(line) == 0 || line[0] != '"' {
		i := bytes.IndexByte(line, t.comma)
		if i < 0 {
			return line, nil, false, true
		}
		return line[:i], line[i+1:], true, true
	}
	line = line[1:]
	from := len(t.scratch)
	for {
		i := bytes.IndexByte(line, '"')
		switch {
		case i < 0:
			return nil, nil, false, false
		case i+1 < len(line) && line[i+1] == '"': // it stands for one
			t.scratch = append(t.scratch, line[:i+1]...)
			line = line[i+2:]
			continue
		case i+1 < len(line) && line[i+1] != t.comma:
			return nil, nil, false, false
		}
		if cell = line[:i]; len(t.scratch) > from {
			t.scratch = append(t.scratch, cell...)
			cell = t.scratch[from:len(t.scratch):len(t.scratch)]
		}
		if i+1 == len(line) {
			return cell, nil, false, true
		}
		return cell, line[i+2:], true, true
	}
}

// cloudfrontFields reads CloudFront's standard logs: cells separated by tabs
// behind a head of lines that begin with #. A dash is nothing.
func (p *Parser) cloudfrontFields(line []byte, r *record) Reason {
	t := &p.table
	if line[0] == '#' {
		return Empty
	}
	t.cells, t.scratch = t.cells[:0], t.scratch[:0]
	for {
		i := bytes.IndexByte(line, '\t')
		if i < 0 {
			break
		}
		t.cells, line = append(t.cells, line[:i]), line[i+1:]
	}
	if t.cells = append(t.cells, line); len(t.cells) < t.need {
		return Format
	}
	r.ip, r.time, r.status = t.cell(t.ip), t.cell(t.time), t.cell(t.status)
	if t.date >= 0 {
		r.time = t.join(t.cell(t.date), 'T', r.time, 'Z')
	}
	if t.stem >= 0 {
		r.request, r.hasRequest = t.requestLine(), true
	}
	return OK
}

func (t *table) join(a []byte, sep byte, b []byte, end byte) []byte {
	from := len(t.scratch)
	t.scratch = append(append(append(append(t.scratch, a...), sep), b...), end)
	return t.scratch[from:len(t.scratch):len(t.scratch)]
}

// requestLine is the request as the combined format has it: GET /a?b=c HTTP/1.1.
func (t *table) requestLine() []byte {
	from := len(t.scratch)
	t.scratch = append(append(t.scratch, t.cell(t.method)...), ' ')
	t.scratch = append(t.scratch, t.cell(t.stem)...)
	if q := t.cell(t.query); len(q) > 0 && string(q) != "-" {
		t.scratch = append(append(t.scratch, '?'), q...)
	}
	if v := t.cell(t.protocol); len(v) > 0 && string(v) != "-" {
		t.scratch = append(append(t.scratch, ' '), v...)
	}
	return t.scratch[from:len(t.scratch):len(t.scratch)]
}
