// Package text writes rows of the archive as lines, for programs that read
// standard input.
package text

import (
	"strconv"
	"time"

	"github.com/glowmap/glow/archiver/archive"
)

// AppendTSV appends a row as a line of nine fields separated by tabs: time (Unix
// seconds), type, continent, country, region, cell, latitude, longitude
// (degrees) and attributes (a query string with its values percent-encoded); a
// dash stands for what is unknown.
func AppendTSV(dst []byte, r *archive.Row) []byte {
	dst = strconv.AppendInt(dst, r.Time, 10)
	for _, s := range []string{r.Type, r.Continent, r.Country, r.Region} {
		if dst = append(dst, '\t'); s == "" {
			s = "-"
		}
		dst = append(dst, s...)
	}
	if r.Located {
		dst = strconv.AppendUint(append(dst, '\t'), uint64(r.Cell), 10)
		dst = appendDegrees(append(dst, '\t'), r.Lat)
		dst = appendDegrees(append(dst, '\t'), r.Lon)
	} else {
		dst = append(dst, "\t-\t-\t-"...)
	}
	if dst = append(dst, '\t'); len(r.Attrs) == 0 {
		return append(dst, "-\n"...)
	}
	return append(archive.AppendAttrs(dst, r.Attrs), '\n')
}

// appendDegrees appends 1/10,000 degrees as degrees.
func appendDegrees(dst []byte, n int32) []byte {
	if n < 0 {
		dst, n = append(dst, '-'), -n
	}
	dst = append(strconv.AppendInt(dst, int64(n/10000), 10), '.')
	rest := strconv.Itoa(int(n % 10000))
	dst = append(dst, "0000"[len(rest):]...)
	return append(dst, rest...)
}

// AppendJSON appends a row as a line of JSON; null is what is unknown.
func AppendJSON(dst []byte, r *archive.Row) []byte {
	dst = append(dst, `{"time":"`...)
	dst = time.Unix(r.Time, 0).UTC().AppendFormat(dst, time.RFC3339)
	dst = append(dst, '"')
	for _, c := range [][2]string{{"type", r.Type}, {"continent", r.Continent}, {"country", r.Country}, {"region", r.Region}} {
		dst = append(append(append(dst, `,"`...), c[0]...), `":`...)
		if c[1] == "" {
			dst = append(dst, "null"...)
		} else {
			dst = appendString(dst, c[1])
		}
	}
	if r.Located {
		dst = strconv.AppendUint(append(dst, `,"cell":`...), uint64(r.Cell), 10)
		dst = appendDegrees(append(dst, `,"lat":`...), r.Lat)
		dst = appendDegrees(append(dst, `,"lon":`...), r.Lon)
	} else {
		dst = append(dst, `,"cell":null,"lat":null,"lon":null`...)
	}
	dst = append(dst, `,"attrs":{`...)
	for i, a := range r.Attrs {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(appendString(dst, a.Key), ':')
		dst = appendString(dst, a.Value)
	}
	return append(dst, "}}\n"...)
}

// appendString appends a string as JSON.
func appendString(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for i := range len(s) {
		switch c := s[i]; {
		case c == '"', c == '\\':
			dst = append(dst, '\\', c)
		case c < ' ':
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			dst = append(dst, c)
		}
	}
	return append(dst, '"')
}

// Header is what stands in the fields of AppendTSV.
const Header = "time\ttype\tcontinent\tcountry\tregion\tcell\tlat\tlon\tattributes\n"
