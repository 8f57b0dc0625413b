package parse

import (
	"errors"
	"time"
	"unsafe"

	"github.com/glowmap/glow/internal/event"
)

// checkLayout says whether a layout of package time holds a whole date and
// time: without a year, say, all events would be in the year 0.
func checkLayout(layout string) error {
	if layout == "" {
		return nil
	}
	want := time.Date(2015, 5, 17, 20, 5, 3, 0, time.UTC)
	got, err := time.Parse(layout, want.Format(layout))
	if err != nil || !got.Equal(want) {
		return errors.New("want Go's reference time Mon Jan 2 15:04:05 2006 written your way, with the whole date and time, such as 2006-01-02T15:04:05")
	}
	return nil
}

// seconds reads a timestamp as Unix seconds; fractions are cut off.
func (p *Parser) seconds(b []byte) (int64, bool) {
	if len(b) == 0 {
		return 0, false
	}
	if p.o.TimeLayout != "" {
		return layoutSeconds(p.o.TimeLayout, b)
	}
	if sec, ok := event.ParseSeconds(b); ok {
		p.r.plain = b[0] != '0'
		return sec, true
	}
	if b[0] == '[' && b[len(b)-1] == ']' {
		b = b[1 : len(b)-1]
	}
	switch {
	case len(b) == len(apacheForm) && b[2] == '/':
		return apacheSeconds(b)
	case len(b) > 5 && b[4] == '-':
		return layoutSeconds(time.RFC3339, b)
	default:
		return numberSeconds(b)
	}
}

func layoutSeconds(layout string, b []byte) (int64, bool) {
	// time.Parse keeps nothing of the string but in an error, which goes nowhere.
	t, err := time.Parse(layout, unsafe.String(unsafe.SliceData(b), len(b)))
	if err != nil {
		return 0, false
	}
	return t.Unix(), true
}

// numberSeconds reads seconds, with or without a fraction, or milliseconds: 13 digits.
func numberSeconds(b []byte) (int64, bool) {
	if sec, ok := event.ParseSeconds(b); ok { // in brackets, or it would have been read before
		return sec, true
	}
	for i, c := range b {
		if c == '.' {
			return event.ParseSeconds(b[:digits(b, i)])
		}
	}
	if len(b) != 13 || digits(b, -1) != 13 {
		return 0, false
	}
	return event.ParseSeconds(b[:10])
}

// digits returns the length of b before the dot if all around the dot is
// digits, else 0. A dot of -1 stands for none.
func digits(b []byte, dot int) int {
	for i, c := range b {
		if i != dot && (c < '0' || c > '9') {
			return 0
		}
	}
	if dot < 0 {
		return len(b)
	}
	return dot
}

// apacheForm is the %t of Apache's logs and $time_local of nginx's.
const apacheForm = "17/May/2015:10:05:03 +0000"

// apacheSeconds reads the Apache form, in a tenth of the time that time.Parse takes.
func apacheSeconds(b []byte) (int64, bool) {
	day, ok1 := two(b[0:])
	month := monthOf(b[3:6])
	century, ok2 := two(b[7:])
	year, ok3 := two(b[9:])
	hour, ok4 := two(b[12:])
	minute, ok5 := two(b[15:])
	second, ok6 := two(b[18:])
	zh, ok7 := two(b[22:])
	zm, ok8 := two(b[24:])
	if !(ok1 && ok2 && ok3 && ok4 && ok5 && ok6 && ok7 && ok8) || month == 0 || b[2] != '/' || b[6] != '/' ||
		b[11] != ':' || b[14] != ':' || b[17] != ':' || b[20] != ' ' || b[21] != '+' && b[21] != '-' {
		return 0, false
	}
	year += 100 * century
	if day < 1 || day > daysIn(year, month) || hour > 23 || minute > 59 || second > 60 || zm > 59 || zh > 23 {
		return 0, false
	}
	zone := int64(zh*3600 + zm*60)
	if b[21] == '-' {
		zone = -zone
	}
	return daysSince1970(year, month, day)*86400 + int64(hour*3600+minute*60+min(second, 59)) - zone, true
}

func two(b []byte) (int, bool) {
	x, y := b[0]-'0', b[1]-'0'
	return int(x)*10 + int(y), x <= 9 && y <= 9
}

func monthOf(b []byte) int {
	switch string(b) {
	case "Jan":
		return 1
	case "Feb":
		return 2
	case "Mar":
		return 3
	case "Apr":
		return 4
	case "May":
		return 5
	case "Jun":
		return 6
	case "Jul":
		return 7
	case "Aug":
		return 8
	case "Sep":
		return 9
	case "Oct":
		return 10
	case "Nov":
		return 11
	case "Dec":
		return 12
	}
	return 0
}

func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// daysSince1970 counts days in the Gregorian calendar with years that begin
// in March, so that the leap day comes last. It counts from 400 years earlier:
// January of the year 0 belongs to the year before.
func daysSince1970(year, month, day int) int64 {
	year += 400
	if month <= 2 {
		year--
		month += 12
	}
	return int64(365*year + year/4 - year/100 + year/400 + (153*(month-3)+2)/5 + day - 719469 - 146097)
}
