package archive

import (
	"fmt"
	"net/url"
	"strings"
	"time"
)

// Names below the target of an archive.
const (
	Root         = "v1/"
	ManifestName = Root + "manifest.json"
	// Segments is where files lie that only the manifest makes sense of; their
	// names end in a hash of their content, so that they never change.
	Segments = Root + "segments/"
	// Days is where finished days lie, one file a type, for everybody to read
	// without the manifest.
	Days = Root + "days/"
)

// Date is the date, in UTC, of Unix seconds.
func Date(sec int64) string { return time.Unix(sec, 0).UTC().Format(time.DateOnly) }

// DateSpan is the first second of a date and that of the next one.
func DateSpan(date string) (from, to int64, err error) {
	t, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return 0, 0, fmt.Errorf("date %q: want YYYY-MM-DD", date)
	}
	return t.Unix(), t.Unix() + 24*60*60, nil
}

// SegmentName is the name of a file of rows as they came.
func SegmentName(date, entry, hash string) string {
	return Segments + "date=" + date + "/" + entry + "-" + hash + ".parquet"
}

// SortedName is the name under which all rows of a type and date are written
// before they are committed.
func SortedName(date, typ, hash string) string {
	return Segments + "date=" + date + "/day-" + escape(typ) + "-" + hash + ".parquet"
}

// DayName is the name of a finished day of a type.
func DayName(date, typ string) string { return dayFolder(date, typ) + "day.parquet" }

func dayFolder(date, typ string) string {
	return Days + "date=" + date + "/type=" + escape(typ) + "/"
}

// escape writes a type as a value of a Hive partition: "share:twitter" is
// "share%3Atwitter".
func escape(typ string) string { return strings.ReplaceAll(url.QueryEscape(typ), "+", "%20") }
