package harness

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"time"
)

// Event is one event of a generated log.
type Event struct {
	Addr netip.Addr
	Time time.Time
	Type string
}

// Types are what happens in generated logs, the common ones more often.
var Types = []string{
	"download", "download", "download", "download", "download", "download",
	"share:twitter", "share:twitter", "share:facebook", "a", "0_-:z", "abcdefghijklmnopqrstuvwxyz012345",
}

// Events draws n events in the given span of time, in the order of a log:
// nearly that of their times.
func Events(r *rand.Rand, n int, addrs []netip.Addr, from time.Time, span time.Duration) []Event {
	list := make([]Event, n)
	for i := range list {
		at := from.Add(span / time.Duration(n) * time.Duration(i))
		if r.IntN(10) == 0 {
			at = from.Add(rand.N(span))
		}
		list[i] = Event{addrs[r.IntN(len(addrs))], at.Truncate(time.Second), Types[r.IntN(len(Types))]}
	}
	return list
}

// Line writes an event as a line of a format, in one of the shapes that the
// format allows. Formats without a type say it by their own means: "combined"
// not at all.
func (e Event) Line(r *rand.Rand, format string) []byte {
	switch format {
	case "glow":
		return e.glow(r)
	case "combined":
		zone := time.FixedZone("", 900*(r.IntN(100)-48))
		return fmt.Appendf(nil, `%s - %s [%s] "GET /download/%d?q=%%22\"x HTTP/1.1" %d %d "-" "Mozilla/5.0 (X11; \"Linux)"`,
			e.ip(r), []string{"-", "user", "a b"}[r.IntN(3)], e.Time.In(zone).Format("02/Jan/2006:15:04:05 -0700"),
			r.IntN(10), []int{200, 206, 302, 404}[r.IntN(4)], r.IntN(1e6))
	case "json":
		return e.json(r)
	default:
		return fmt.Appendf(nil, "%s GW%d <%s> from=%s, by: test", e.Time.UTC().Format(OwnLayout), r.IntN(10), e.Type, e.ip(r))
	}
}

// OwnRegexp and OwnLayout read the lines of the format "regexp".
const (
	OwnRegexp = `^(?P<time>\S+ \S+) GW\d <(?P<type>[^>]*)> from=(?P<ip>[^,]*), `
	OwnLayout = "02.01.2006 15:04:05"
)

// ip writes the address in one of its spellings.
func (e Event) ip(r *rand.Rand) string {
	switch k := r.IntN(6); {
	case k == 0 && e.Addr.Is4():
		return "::ffff:" + e.Addr.String()
	case k == 1 && e.Addr.Is6():
		return strings.ToUpper(e.Addr.String())
	case k == 2 && e.Addr.Is6():
		return e.Addr.StringExpanded()
	}
	return e.Addr.String()
}

func (e Event) glow(r *rand.Rand) []byte {
	line := fmt.Appendf(nil, "%s %d", e.ip(r), e.Time.Unix())
	if e.Type != "download" || r.IntN(2) == 0 {
		line = append(append(line, ' '), e.Type...)
		if r.IntN(8) == 0 {
			line = append(line, " os=win&lang=fr"...)
		}
	}
	return line
}

func (e Event) json(r *rand.Rand) []byte {
	m := map[string]any{"ip": e.ip(r), "agent": "ü \"quoted\" \\ [1, 2", "nested": map[string]any{"ip": "no", "time": 0}}
	switch r.IntN(4) {
	case 0:
		m["time"] = e.Time.Unix()
	case 1:
		m["time"] = fmt.Sprint(e.Time.Unix())
	case 2:
		m["time"] = e.Time.UnixMilli() + int64(r.IntN(1000))
	default:
		m["time"] = e.Time.In(time.FixedZone("", 3600*(r.IntN(20)-10))).Format(time.RFC3339)
	}
	if e.Type != "download" || r.IntN(2) == 0 {
		m["type"] = e.Type
	}
	line, _ := json.Marshal(m)
	return line
}

// Wire writes the event as it stands in the queue.
func (e Event) Wire() string {
	return fmt.Sprintf("%s %d %s", e.Addr.Unmap(), e.Time.Unix(), e.Type)
}
