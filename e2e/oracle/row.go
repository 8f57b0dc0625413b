package oracle

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Row is one event as the archive must hold it; empty strings and Located =
// false where the database does not say.
type Row struct {
	Time                       int64
	Type                       string
	Continent, Country, Region string
	Located                    bool
	Cell, Lat, Lon             int    // coordinates in ten-thousandths of a degree
	Attrs                      string // a query string, sorted by key
}

// String is the row on one line, with "-" for what is unknown.
func (r Row) String() string {
	spot := "- - -"
	if r.Located {
		spot = fmt.Sprint(r.Cell, " ", r.Lat, " ", r.Lon)
	}
	list := []string{strconv.FormatInt(r.Time, 10), r.Type, r.Continent, r.Country, r.Region, spot, r.Attrs}
	for i, s := range list {
		if s == "" {
			list[i] = "-"
		}
	}
	return strings.Join(list, " ")
}

func (e event) row(p place) Row {
	return Row{e.time, e.typ, p.continent, p.country, p.region, p.located, p.cell, p.lat, p.lon, e.attrs}
}

// attributes are those of a line, as --attrs asks for them. Of format glow
// without --attrs they are what the line says.
func (f Format) attributes(s fields) string {
	wanted := map[string]string{} // attribute → where it is found
	if f.Regexp != nil {
		for _, group := range f.Regexp.SubexpNames() {
			if name, ok := strings.CutPrefix(group, "attr_"); ok {
				wanted[name] = name
			}
		}
	}
	if f.Attrs == "" && len(wanted) == 0 {
		return s.attrs
	}
	for _, one := range strings.Split(f.Attrs, ",") {
		if to, from, renamed := strings.Cut(one, "="); renamed {
			wanted[to] = from
		} else if one != "" {
			wanted[one] = one
		}
	}
	var pairs []string
	for to, from := range wanted {
		if value, ok := s.value(to, from); ok {
			pairs = append(pairs, to+"="+encode(value))
		}
	}
	slices.SortFunc(pairs, func(a, b string) int { // '=' is no letter of a key
		return strings.Compare(strings.SplitN(a, "=", 2)[0], strings.SplitN(b, "=", 2)[0])
	})
	list := ""
	for _, pair := range pairs {
		if longer := strings.TrimPrefix(list+"&"+pair, "&"); len(longer) <= 512 {
			list = longer
		}
	}
	return list
}

// value finds an attribute: a group of the regexp, a member of a JSON object,
// or else in the query string.
func (s fields) value(to, from string) (string, bool) {
	if value, ok := s.own[to]; ok {
		return value, true
	}
	if value, ok := s.members[from]; ok {
		return value, true
	}
	query := s.attrs
	if _, rest, ok := strings.Cut(s.request, "?"); ok && s.hasRequest {
		query = regexp.MustCompile(`^[^ #]*`).FindString(rest)
	}
	for _, pair := range strings.Split(query, "&") {
		if key, value, _ := strings.Cut(pair, "="); key == from && pair != "" {
			return decode(value), true
		}
	}
	return "", false
}

var escaped = regexp.MustCompile(`\+|%[0-9A-Fa-f]{2}`)

// decode takes the escapes of a query string back, as far as they are some.
func decode(s string) string {
	return escaped.ReplaceAllStringFunc(s, func(e string) string {
		if e == "+" {
			return " "
		}
		n, _ := strconv.ParseUint(e[1:], 16, 8)
		return string([]byte{byte(n)})
	})
}

// encode escapes all that is not surely plain.
func encode(s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		if strings.IndexByte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~", c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}
